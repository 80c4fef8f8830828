using System.Globalization;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>
/// BuildKit's progress: steps that run side by side, told in plain lines that bear their step's number.
/// </summary>
internal sealed class BuildKitProgress(DeploymentLog log) : BuildProgress
{
    private readonly Dictionary<string, BuildKitStep> _steps = [];
    private readonly Dictionary<string, BuildSigns> _signs = [];
    private string? _failedStep;
    private string? _failed;
    private int _announced;

    public override string? FailedStep => _failedStep;

    public override BuildSigns Signs => _failed is null ? BuildSigns.None : _signs.GetValueOrDefault(_failed);

    public override async ValueTask DisposeAsync()
    {
        foreach (var step in _steps.Values)
        {
            // Not cancelable: the stream has ended, and its last bytes belong to the log.
            await step.FlushAsync(CancellationToken.None);
        }
    }

    protected override async ValueTask WriteAsync(BuildMessage message, CancellationToken cancellationToken)
    {
        if (message is not { Id: "moby.buildkit.trace", Aux: { } trace })
        {
            return;
        }

        var status = BuildKitStatus.Parser.ParseFrom(Convert.FromBase64String(trace));
        foreach (var vertex in status.Vertexes)
        {
            await BeginAsync(vertex, cancellationToken);
        }

        // Output before ends: one message may carry both.
        foreach (var output in status.Outputs)
        {
            await StepOf(output.Vertex).WriteAsync(output, cancellationToken);
            if (SignsIn(output.Bytes.Span) is not BuildSigns.None and var signs)
            {
                _signs[output.Vertex] = _signs.GetValueOrDefault(output.Vertex) | signs;
            }
        }

        foreach (var task in status.Tasks.Where(task => task.Completed is not null))
        {
            await StepOf(task.Vertex).EndTaskAsync(task.Id.ToStringUtf8(), cancellationToken);
        }

        foreach (var vertex in status.Vertexes.Where(vertex => vertex.Completed is not null))
        {
            await EndAsync(vertex, cancellationToken);
        }
    }

    private async ValueTask BeginAsync(BuildKitVertex vertex, CancellationToken cancellationToken)
    {
        var step = StepOf(vertex.Digest);
        if (!step.IsAnnounced && (vertex.Started ?? vertex.Completed) is not null)
        {
            await step.AnnounceAsync(++_announced, vertex.Name.ToStringUtf8(), cancellationToken);
        }
    }

    private async ValueTask EndAsync(BuildKitVertex vertex, CancellationToken cancellationToken)
    {
        var took = vertex.Started is { } started ? (vertex.Completed - started).ToTimeSpan() : TimeSpan.Zero;
        var error = vertex.Error.ToStringUtf8();
        var canceled = error.Contains("context canceled", StringComparison.Ordinal);
        if (error.Length > 0 && !canceled)
        {
            _failedStep ??= vertex.Name.ToStringUtf8();
            _failed ??= vertex.Digest;
        }

        await StepOf(vertex.Digest).EndAsync(
            vertex switch
            {
                _ when error.Length > 0 => canceled ? "CANCELED" : $"ERROR: {error}",
                { Cached: true } => "CACHED",
                _ => string.Create(CultureInfo.InvariantCulture, $"DONE {took.TotalSeconds:0.0}s"),
            },
            cancellationToken);
    }

    private BuildKitStep StepOf(string digest) =>
        _steps.TryGetValue(digest, out var step) ? step : _steps[digest] = new BuildKitStep(log);
}
