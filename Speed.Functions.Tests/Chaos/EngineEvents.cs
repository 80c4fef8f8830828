using System.Collections.Concurrent;
using System.Diagnostics;

namespace Speed.Tests.Chaos;

/// <summary>Every start of a container of any SPEED that an engine tells of, from when this is made on.</summary>
internal sealed class EngineEvents : IDisposable
{
    private readonly ConcurrentQueue<string> _starts = new();
    private readonly Process _docker;

    /// <param name="endpoint">The default engine unless given.</param>
    public EngineEvents(string? endpoint = null)
    {
        string[] host = endpoint is null ? [] : ["--host", endpoint];
        _docker = new Process
        {
            StartInfo = new ProcessStartInfo(
                "docker",
                [
                    .. host, "events", "--filter", "event=start", "--filter", "label=speed.instance",
                    "--format", "{{.Actor.Attributes.name}}",
                ])
            {
                RedirectStandardOutput = true,
            },
        };
        _docker.OutputDataReceived += (_, line) =>
        {
            if (line.Data is { } name)
            {
                _starts.Enqueue(name);
            }
        };
        _docker.Start();
        _docker.BeginOutputReadLine();
    }

    /// <summary>How many starts of any SPEED there were.</summary>
    public int Count => _starts.Count;

    /// <summary>The names of the containers of one SPEED that were started, once for each start.</summary>
    public IReadOnlyList<string> StartsOf(string instance) =>
        [.. _starts.Where(name => name.StartsWith($"speed-{instance}-", StringComparison.Ordinal))];

    public void Dispose()
    {
        _docker.Kill();
        _docker.Dispose();
    }
}
