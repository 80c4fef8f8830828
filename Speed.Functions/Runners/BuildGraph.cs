using Speed.Deployments;

namespace Speed.Runners;

/// <summary>An image that a Dockerfile names.</summary>
/// <param name="Line">Of the Dockerfile.</param>
/// <param name="Platform">Null: the engine's own.</param>
internal sealed record ImageName(string Name, int Line, string? Platform);

/// <summary>Which stages a build goes through, and which images it needs from outside.</summary>
internal sealed class BuildGraph
{
    private readonly Dockerfile _dockerfile;
    private readonly IReadOnlyDictionary<string, string> _buildArgs;
    private readonly bool _skipsUnused;
    private readonly Dictionary<string, string> _globals;
    private readonly HashSet<int> _visited = [];
    private readonly List<ImageName> _images = [];
    private readonly List<RemoteSource> _remotes = [];

    /// <param name="skipsUnused">
    /// True for BuildKit; the legacy builder makes every stage before the target.
    /// </param>
    public BuildGraph(
        Dockerfile dockerfile, IReadOnlyDictionary<string, string> buildArgs, string platform, bool skipsUnused)
    {
        _dockerfile = dockerfile;
        _buildArgs = buildArgs;
        _skipsUnused = skipsUnused;
        _globals = skipsUnused ? PlatformArgs(platform) : [];
        foreach (var instruction in dockerfile.Preamble.Where(instruction => instruction.Keyword == "ARG"))
        {
            Declare(instruction, _globals, inherited: null);
        }
    }

    /// <summary>What the stages that were visited fetch from elsewhere.</summary>
    public IReadOnlyList<RemoteSource> Remotes => _remotes;

    /// <summary>The images that building <paramref name="target"/> takes, each once.</summary>
    public IReadOnlyList<ImageName> ImagesFor(Stage target)
    {
        Visit(target);
        for (var i = 0; i < target.Index && !_skipsUnused; i++)
        {
            Visit(_dockerfile.Stages[i]);
        }

        return [.. _images.DistinctBy(image => (image.Name, image.Platform)).OrderBy(image => image.Line)];
    }

    private void Visit(Stage stage)
    {
        if (!_visited.Add(stage.Index))
        {
            return;
        }

        var platform = stage.From.Flag("platform") is { } flag ? Expand(flag, _globals, stage.From) : null;
        VisitBase(stage, Expand(stage.Base, _globals, stage.From), string.IsNullOrEmpty(platform) ? null : platform);

        var values = _skipsUnused ? new Dictionary<string, string>(_globals.Where(IsPlatformArg)) : [];
        foreach (var instruction in stage.Instructions.Select(instruction => instruction.Triggered()))
        {
            if (instruction.Keyword == "ARG")
            {
                Declare(instruction, values, _globals);
            }

            if (instruction.Keyword == "ENV")
            {
                Declare(instruction, values);
            }

            _remotes.AddRange(RemoteSources.In(instruction, values, _dockerfile.Escape));
            foreach (var source in SourcesOf(instruction, values))
            {
                VisitSource(stage, instruction, source);
            }
        }
    }

    private void VisitBase(Stage stage, string name, string? platform)
    {
        if (name.Length == 0)
        {
            throw new DeploymentFailedException(
                FailureCode.BuildFailed,
                $"FROM on line {stage.From.Line} of the Dockerfile names no image: `{stage.Base}` has no value.",
                "Give its ARG a default, or the value in build_args.");
        }

        if (FindEarlier(stage, name) is { } earlier)
        {
            Visit(earlier);
        }
        else if (name != "scratch")
        {
            _images.Add(new ImageName(name, stage.From.Line, platform));
        }
    }

    private void VisitSource(Stage stage, Instruction instruction, string source)
    {
        var isNumber = int.TryParse(source, out var index);
        var earlier = FindEarlier(stage, source)
            ?? (isNumber && index < stage.Index ? _dockerfile.Stages.ElementAtOrDefault(index) : null);
        if (earlier is not null)
        {
            Visit(earlier);
        }
        else if (source is not ("" or "scratch") && !isNumber)
        {
            _images.Add(new ImageName(source, instruction.Line, null));
        }
    }

    private IEnumerable<string> SourcesOf(Instruction instruction, Dictionary<string, string> values)
    {
        if (instruction.Keyword is "COPY" or "ADD" && instruction.Flag("from") is { } from)
        {
            yield return Expand(from, values, instruction);
        }

        var mounts = instruction.Keyword == "RUN" ? instruction.Flags.Where(flag => flag.Name == "mount") : [];
        foreach (var field in mounts.SelectMany(mount => mount.Value.Split(',')))
        {
            if (field.Trim().StartsWith("from=", StringComparison.OrdinalIgnoreCase))
            {
                yield return Expand(field.Trim()[5..], values, instruction);
            }
        }
    }

    private Stage? FindEarlier(Stage stage, string name) => _dockerfile.Stages
        .Take(stage.Index)
        .LastOrDefault(earlier => name.Equals(earlier.Name, StringComparison.OrdinalIgnoreCase));

    // An ARG without a default takes a build argument, or what was declared before the first FROM.
    private void Declare(
        Instruction instruction, Dictionary<string, string> values, Dictionary<string, string>? inherited)
    {
        foreach (var word in instruction.Words())
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? word : word[..equals];
            if (_buildArgs.TryGetValue(name, out var given))
            {
                values[name] = given;
            }
            else if (equals >= 0)
            {
                values[name] = Expand(word[(equals + 1)..], values, instruction);
            }
            else if (inherited is not null && inherited.TryGetValue(name, out var global))
            {
                values[name] = global;
            }
        }
    }

    // Both forms: ENV name=value other=value, and ENV name the whole rest.
    private void Declare(Instruction environment, Dictionary<string, string> values)
    {
        var words = environment.Words().ToArray();
        if (words.Length > 1 && !words[0].Contains('=', StringComparison.Ordinal))
        {
            words = [$"{words[0]}={string.Join(' ', words[1..])}"];
        }

        foreach (var pair in words.Select(word => word.Split('=', 2)).Where(pair => pair.Length == 2))
        {
            // One that cannot be told stays unknown: it matters only where it names an image or a URL.
            values.Remove(pair[0]);
            if (Variables.Expand(pair[1], values, _dockerfile.Escape) is { } value)
            {
                values[pair[0]] = value;
            }
        }
    }

    private string Expand(string text, Dictionary<string, string> values, Instruction instruction) =>
        Variables.Expand(text, values, _dockerfile.Escape) ?? throw new DeploymentFailedException(
            FailureCode.DockerfileRefused,
            $"`{text}` on line {instruction.Line} of the Dockerfile cannot be resolved before the build.",
            "Use ${name}, ${name:-default} or ${name:+value}, with a value for every name.");

    private static bool IsPlatformArg(KeyValuePair<string, string> arg) =>
        arg.Key.StartsWith("TARGET", StringComparison.Ordinal) || arg.Key.StartsWith("BUILD", StringComparison.Ordinal);

    private static Dictionary<string, string> PlatformArgs(string platform)
    {
        var values = new Dictionary<string, string>();
        var (os, architecture) = platform.Split('/') is [var first, var second, ..] ? (first, second) : ("linux", platform);
        foreach (var side in new[] { "BUILD", "TARGET" })
        {
            values[$"{side}PLATFORM"] = platform;
            values[$"{side}OS"] = os;
            values[$"{side}ARCH"] = architecture;
            values[$"{side}VARIANT"] = "";
        }

        return values;
    }
}
