namespace Speed.Dockerfiles;

/// <summary>A Dockerfile as one generation of Docker's parser reads it.</summary>
/// <param name="Text">As it was given.</param>
/// <param name="Preamble">What stands before the first FROM.</param>
/// <param name="Fault">Why an engine that reads so does not build it; null for nothing.</param>
internal sealed record Dockerfile(
    string Text, Dialect Dialect, char Escape, IReadOnlyList<Instruction> Preamble, IReadOnlyList<Stage> Stages,
    DockerfileFault? Fault)
{
    public bool HasHereDocuments => Instructions.Any(instruction => instruction.HereDocuments.Count > 0);

    public IEnumerable<Instruction> Instructions =>
        Preamble.Concat(Stages.SelectMany(stage => stage.Instructions.Prepend(stage.From)));

    /// <summary>Never throws: what is no Dockerfile has a fault, and what stands before it.</summary>
    /// <param name="generation">Null: the likeliest of those that know here-documents.</param>
    public static Dockerfile Parse(string text, Dialect? generation = null)
    {
        var dialect = generation ?? Dialect.Of(hereDocuments: true)[0];
        var reader = new DockerfileReader(text, dialect);
        var preamble = new List<Instruction>();
        var stages = new List<Stage>();
        DockerfileFault? fault = null;
        foreach (var instruction in reader.Read())
        {
            if (instruction.Keyword == "FROM" && instruction.Words.Count > 0)
            {
                stages.Add(new Stage(stages.Count, instruction));
            }
            else if (stages.Count > 0)
            {
                stages[^1].Instructions.Add(instruction);
            }
            else
            {
                preamble.Add(instruction);
                fault ??= instruction.Keyword == "ARG"
                    ? null
                    : new DockerfileFault(instruction.Line, "no build stage in current context")
                    {
                        WayOut = $"{instruction.Keyword} stands before the first FROM, where only ARG may: move it behind FROM.",
                    };
            }
        }

        if (reader.Fault is { } met && (fault is null || met.Line <= fault.Line))
        {
            fault = met;
        }

        return new Dockerfile(text, dialect, reader.Escape, preamble, stages, fault);
    }

    /// <summary>
    /// The stage of this name; the last one for null; null where there is none. A number names no target to any builder
    /// (dockerfile2llb/convert.go; moby/moby, builder/dockerfile/builder.go).
    /// </summary>
    public Stage? FindTarget(string? target) => string.IsNullOrEmpty(target)
        ? (Stages.Count > 0 ? Stages[^1] : null)
        : FindStage(target);

    /// <summary>
    /// The last stage of this name, wherever it stands: dockerfile2llb/convert.go, findStateByName. Null for none.
    /// </summary>
    public Stage? FindStage(string name) => _named.Value.GetValueOrDefault(name);

    // A file may have tens of thousands of them.
    private readonly Lazy<Dictionary<string, Stage>> _named = new(() => NameAll(Stages));

    private static Dictionary<string, Stage> NameAll(IReadOnlyList<Stage> stages)
    {
        var named = new Dictionary<string, Stage>(StringComparer.OrdinalIgnoreCase);
        foreach (var stage in stages.Where(stage => stage.Name is not null))
        {
            named[stage.Name!] = stage;
        }

        return named;
    }
}

/// <summary>One FROM and what follows it.</summary>
internal sealed record Stage(int Index, Instruction From)
{
    /// <summary>The image or stage as written, variables and all.</summary>
    public Word Base => From.Words[0];

    /// <summary>Null where it has none.</summary>
    public string? Name => From.Words is [_, _, var name] ? name.Text : null;

    public List<Instruction> Instructions { get; } = [];
}
