using System.Globalization;
using Speed.Deployments;

namespace Speed.Dockerfiles;

/// <summary>What a build takes from outside, stage by stage, in the order in which the stages are needed.</summary>
/// <remarks>
/// As moby/buildkit does in frontend/dockerfile/dockerfile2llb/convert.go, and the legacy builder in moby/moby,
/// builder/dockerfile/dispatchers.go.
/// </remarks>
internal sealed partial class BuildGraph
{
    private readonly Dockerfile _dockerfile;
    private readonly BuildInputs _inputs;
    private readonly Func<Reference, CancellationToken, Task<BaseImage>> _resolve;
    private readonly Scope _globals;
    private readonly List<StageBase> _bases = [];
    private readonly Dictionary<int, Scope> _scopes = [];
    private readonly Queue<Stage> _waiting = [];
    private readonly List<Reference> _references = [];
    private readonly Dictionary<int, List<Need>> _needs = [];
    private readonly Dictionary<int, List<int>> _exposed = [];
    private DeploymentFailedException? _failure;

    /// <param name="resolve">Gives the image of a reference: its variables carry on into the stage.</param>
    public BuildGraph(
        Dockerfile dockerfile, BuildInputs inputs, Func<Reference, CancellationToken, Task<BaseImage>> resolve)
    {
        (_dockerfile, _inputs, _resolve) = (dockerfile, inputs, resolve);
        _globals = GlobalArguments.Read(dockerfile, inputs);
    }

    /// <summary>
    /// All that building <paramref name="target"/> takes. Throws <see cref="FailureCode.DockerfileRefused"/> where that
    /// cannot be told. Ends early with a failure where an engine that reads so does not build it.
    /// </summary>
    public async Task<Walk> WalkAsync(Stage target, CancellationToken cancellationToken)
    {
        CheckTime();
        ReadBases(target);
        _waiting.Enqueue(target);
        for (var i = 0; i < target.Index && _inputs.Builder == Builder.Legacy; i++)
        {
            _waiting.Enqueue(_dockerfile.Stages[i]);
        }

        while (_failure is null && _waiting.TryDequeue(out var stage))
        {
            await VisitAsync(stage, cancellationToken);
        }

        return new Walk(
            [.. _references.OrderBy(reference => reference.Line).ThenBy(reference => reference.Span?.Start ?? 0)],
            _failure is null ? OrderImages(target) : [], _failure)
        {
            Exposed = ExposedBy(target),
        };
    }

    // Its own before those of the stages that it stands on.
    private List<int> ExposedBy(Stage target)
    {
        var exposed = new List<int>();
        for (var stage = target; stage is not null; stage = _bases[stage.Index].Stage)
        {
            exposed.AddRange(_exposed.GetValueOrDefault(stage.Index, []));
        }

        return [.. exposed.Distinct()];
    }

    // A name in it makes the newest engines fetch what the stage of that name adds, needed or not
    // (dockerfile2llb/epoch.go, resolveSourceDateEpochState).
    private void CheckTime()
    {
        var time = _inputs.BuildArgs.TryGetValue("SOURCE_DATE_EPOCH", out var given)
            ? new Variable(given, false)
            : _globals.Get("SOURCE_DATE_EPOCH");
        if (time.IsUnknown || (time.Value is { Length: > 0 } value && !long.TryParse(
            value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)))
        {
            throw DockerfileRefusal.Of(
                $"SOURCE_DATE_EPOCH is `{time.Value}` on line {_dockerfile.Stages[0].From.Line} of the Dockerfile, where the stages "
                + "begin, which is no number of seconds",
                "Give it as seconds since 1970, or leave it out.");
        }
    }

    // Each image once, where a walk into the depth meets it first, and then by its line: the keys of images hang on that
    // order.
    private List<Reference> OrderImages(Stage target)
    {
        var met = new List<Reference>();
        var visited = new HashSet<int>();
        var first = _inputs.Builder == Builder.Legacy ? _dockerfile.Stages.Take(target.Index) : [];
        foreach (var stage in first.Prepend(target))
        {
            var open = new Stack<IEnumerator<Need>>();
            Open(stage);
            while (open.TryPeek(out var needs))
            {
                if (!needs.MoveNext())
                {
                    open.Pop();
                }
                else if (needs.Current.Stage is { } needed)
                {
                    Open(needed);
                }
                else
                {
                    met.Add(needs.Current.Image);
                }
            }

            void Open(Stage one)
            {
                if (visited.Add(one.Index))
                {
                    open.Push(_needs[one.Index].GetEnumerator());
                }
            }
        }

        return [.. met.DistinctBy(image => (image.Value, image.Platform)).OrderBy(image => image.Line)];
    }

    // Those of all stages, needed or not: a builder reads them first. A stage stands on one before it, or on an image.
    private void ReadBases(Stage target)
    {
        var named = new Dictionary<string, Stage>();
        var stages = _inputs.Builder == Builder.Legacy ? _dockerfile.Stages.Take(target.Index + 1) : _dockerfile.Stages;
        foreach (var stage in stages)
        {
            var name = Expand(stage.Base.Text, _globals);
            if (name.Fault is not null)
            {
                Fail(Unreadable(stage.Base.Text, stage.From, name));
            }
            else if (name.Value is "")
            {
                Fail(UnsetVariables.Failure(stage.Base.Text, stage.From.Line, name.Unset));
            }

            // BuildKit compares names as they are with those of stages in lower case.
            var wanted = _inputs.Builder == Builder.Legacy ? name.Value?.ToLowerInvariant() : name.Value;
            _bases.Add(new StageBase(name, named.GetValueOrDefault(wanted ?? "")));
            if (stage.Name is not null)
            {
                named[stage.Name.ToLowerInvariant()] = stage;
            }
        }
    }

    // Down to the image first, without recursion: a file may have tens of thousands of stages.
    private async Task VisitAsync(Stage stage, CancellationToken cancellationToken)
    {
        var chain = new Stack<Stage>();
        for (var next = stage; next is not null && !_scopes.ContainsKey(next.Index); next = _bases[next.Index].Stage)
        {
            chain.Push(next);
        }

        while (_failure is null && chain.TryPop(out var needed))
        {
            await EvaluateAsync(needed, cancellationToken);
        }
    }

    private async Task EvaluateAsync(Stage stage, CancellationToken cancellationToken)
    {
        var (scope, triggers) = await BeginAsync(stage, cancellationToken);
        _scopes[stage.Index] = scope;
        foreach (var instruction in triggers.Select(text => TriggerOf(stage, text)))
        {
            await TakeAsync(stage, instruction, scope, isTrigger: true, cancellationToken);
        }

        foreach (var instruction in stage.Instructions.TakeWhile(_ => _failure is null))
        {
            await TakeAsync(stage, instruction, scope, isTrigger: false, cancellationToken);
        }
    }

    private async Task<(Scope Scope, IReadOnlyList<string> Triggers)> BeginAsync(
        Stage stage, CancellationToken cancellationToken)
    {
        var (name, parent) = _bases[stage.Index];
        if (name.Value is null)
        {
            throw DockerfileRefusal.Unknown(stage.Base.Text, stage.From.Line);
        }

        var reference = new Reference(
            parent is not null || name.Value == "scratch" ? ReferenceKind.Stage : ReferenceKind.Base,
            stage.From, stage.Base.Text, name.Value, stage.Base.Span)
        {
            Platform = PlatformOf(stage),
            Unset = name.Unset,
        };
        _references.Add(reference);
        _needs[stage.Index] = reference.IsImage || parent is not null ? [new Need(reference, parent)] : [];
        var image = reference.IsImage ? await _resolve(reference, cancellationToken) : BaseImage.Scratch;
        var scope = parent is null ? Scope.Of(_inputs.Builder, image.Environment) : _scopes[parent.Index].Inherit();
        GlobalArguments.SetProxies(scope, _inputs);
        return (scope, parent is null ? image.Triggers : TriggersIn(parent));
    }

    private string? PlatformOf(Stage stage)
    {
        if (stage.From.FlagsOf("platform").LastOrDefault()?.Value is not { } flag)
        {
            return null;
        }

        var platform = Expand(flag.Value, _globals);
        if (platform.Fault is not null || platform.Value is "")
        {
            Fail(Unreadable(flag.Value, stage.From, platform));
            return null;
        }

        return platform.Value ?? throw DockerfileRefusal.Unknown(flag.Value, stage.From.Line);
    }

    // An ONBUILD of a stage comes to pass in the stages that stand on it: with its own text, read anew.
    private static IReadOnlyList<string> TriggersIn(Stage parent) =>
    [
        .. from instruction in parent.Instructions
           where instruction.Keyword == "ONBUILD"
           select instruction.Arguments.Value
               + string.Concat(instruction.HereDocuments.Select(document => $"\n{document.Content}{document.Name}")),
    ];

    private Instruction TriggerOf(Stage stage, string text)
    {
        var reader = new DockerfileReader(text, _dockerfile.Dialect);
        if (reader.Read() is not [var instruction] || reader.Fault is not null)
        {
            throw DockerfileRefusal.Of(
                $"FROM on line {stage.From.Line} of the Dockerfile stands on an ONBUILD that cannot be read: `{text}`",
                "Build on another image.");
        }

        var triggered = instruction with { Line = stage.From.Line };
        DockerfileRules.Check([triggered], "the Dockerfile, by an ONBUILD of its base,");
        return triggered;
    }

    private Expansion Expand(string text, Scope scope)
    {
        var lexer = new Lexer(_dockerfile.Escape) { Values = scope.Get, KnowsLateForms = _dockerfile.Dialect.KnowsLateForms };
        var value = lexer.Expand(text);
        return new Expansion(lexer.IsUnknown ? null : value, lexer.Fault, [.. lexer.Unset.Distinct()])
        {
            Required = lexer.Required,
        };
    }

    private void Fail(DeploymentFailedException failure) => _failure ??= failure;

    private static DeploymentFailedException Unreadable(string written, Instruction instruction, Expansion read) =>
        read.Required is { } name
            ? UnsetVariables.Required(instruction, written, name, read.FaultOfRequired)
            : DockerfileRefusal.Of(
                $"`{written}` on line {instruction.Line} of the Dockerfile cannot be resolved before the build: "
                + (read.Fault ?? "it names no platform"),
                "Use ${name}, ${name:-default} or ${name:+value}, with a value for every name.");

    /// <summary>What a stage takes from: an image, or a stage where that is given.</summary>
    private sealed record Need(Reference Image, Stage? Stage);

    private sealed record StageBase(Expansion Name, Stage? Stage);

    /// <param name="Value">Null where nobody knows it, or where it cannot be read.</param>
    private sealed record Expansion(string? Value, string? Fault, IReadOnlyList<string> Unset)
    {
        /// <summary>The name that must have a value; null where that is not its fault.</summary>
        public string? Required { get; init; }

        /// <summary>What the text says of it.</summary>
        public string FaultOfRequired => Fault![(Required!.Length + 2)..];
    }
}

/// <summary>What a graph found.</summary>
/// <param name="References">In the order of the file.</param>
/// <param name="Images">Each of them once: the images among them.</param>
/// <param name="Failure">Why an engine that reads so does not build it; null for nothing.</param>
internal sealed record Walk(
    IReadOnlyList<Reference> References, IReadOnlyList<Reference> Images, DeploymentFailedException? Failure)
{
    /// <summary>TCP ports that the target exposes, and then those of the stages that it stands on, as they are written.</summary>
    public IReadOnlyList<int> Exposed { get; init; } = [];
}

/// <summary>What an image brings into the stages that stand on it.</summary>
/// <param name="Triggers">Its ONBUILD instructions.</param>
internal sealed record BaseImage(IReadOnlyDictionary<string, string> Environment, IReadOnlyList<string> Triggers)
{
    public static readonly BaseImage Scratch = new(new Dictionary<string, string>(), []);
}
