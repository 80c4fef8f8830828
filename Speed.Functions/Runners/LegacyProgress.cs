using System.Text;
using System.Text.RegularExpressions;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>
/// The legacy builder's progress: text, in pieces, its containers and layers named as they come.
/// </summary>
internal sealed partial class LegacyProgress(DeploymentLog log) : BuildProgress
{
    private const string StderrStart = "\e[91m";
    private const string StderrEnd = "\e[0m";

    private MaskedLines _stdout = new(log, LogStream.Stdout);
    private MaskedLines _stderr = new(log, LogStream.Stderr);
    private readonly List<string> _containers = [];
    private readonly List<string> _layers = [];
    private string? _step;
    private bool _stepIsNew;
    private BuildSigns _signs;

    public override string? FailedStep => _step;

    public override BuildSigns Signs => _signs;

    /// <summary>
    /// The containers of the steps so far: they bear no label, only these ids tell that they are ours.
    /// </summary>
    public IReadOnlyList<string> Containers => _containers;

    /// <summary>The layers that this build made and did not find.</summary>
    public IReadOnlyList<string> Layers => _layers;

    public override async ValueTask DisposeAsync()
    {
        await _stdout.DisposeAsync();
        await _stderr.DisposeAsync();
    }

    /// <summary>Takes note of what a message names, and writes nothing.</summary>
    public void Note(BuildMessage message)
    {
        var text = message.Output ?? "";
        if (Step().Match(text) is { Success: true } step)
        {
            (_step, _signs) = (step.Groups[1].Value, BuildSigns.None);
            _stepIsNew = !_step.StartsWith("FROM ", StringComparison.OrdinalIgnoreCase);
        }
        else if (Running().Match(text) is { Success: true } running)
        {
            _containers.Add(running.Groups[1].Value);
        }
        else if (text.StartsWith(" ---> Using cache", StringComparison.Ordinal))
        {
            _stepIsNew = false;
        }
        else if (SignsIn(Encoding.UTF8.GetBytes(text)) is not BuildSigns.None and var signs)
        {
            _signs |= signs;
        }
        else if (Layer().Match(text) is { Success: true } layer && _stepIsNew)
        {
            _layers.Add(layer.Groups[1].Value);
        }
    }

    protected override async ValueTask WriteAsync(BuildMessage message, CancellationToken cancellationToken)
    {
        Note(message);
        var text = message.Output ?? "";
        if (BuilderWords().IsMatch(text))
        {
            // A step's last line may have no end.
            await DisposeAsync();
            (_stdout, _stderr) = (new(log, LogStream.Stdout), new(log, LogStream.Stderr));
        }

        if (text.StartsWith(StderrStart, StringComparison.Ordinal))
        {
            var end = text.EndsWith(StderrEnd, StringComparison.Ordinal) ? StderrEnd.Length : 0;
            await _stderr.WriteAsync(Encoding.UTF8.GetBytes(text[StderrStart.Length..^end]), cancellationToken);
        }
        else
        {
            await _stdout.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken);
        }
    }

    [GeneratedRegex(@"^(Step \d+/\d+ : | ---> |Removing intermediate container )")]
    private static partial Regex BuilderWords();

    [GeneratedRegex(@"^Step \d+/\d+ : (.*)")]
    private static partial Regex Step();

    [GeneratedRegex("^ ---> Running in ([0-9a-f]{12,64})")]
    private static partial Regex Running();

    [GeneratedRegex("^ ---> ([0-9a-f]{12,64})")]
    private static partial Regex Layer();
}
