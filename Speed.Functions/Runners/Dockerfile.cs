namespace Speed.Runners;

/// <summary>A Dockerfile as read: enough of it to know its stages and the images it needs.</summary>
/// <param name="Text">As it is sent to the engine: a request for a frontend is blanked.</param>
/// <param name="Syntax">The frontend that it asked for; null for none.</param>
/// <param name="Preamble">What stands before the first FROM.</param>
internal sealed record Dockerfile(
    string Text, string? Syntax, char Escape, IReadOnlyList<Instruction> Preamble, IReadOnlyList<Stage> Stages)
{
    public bool HasHereDocuments => Instructions.Any(instruction => instruction.HasHereDocument);

    public IEnumerable<Instruction> Instructions =>
        Preamble.Concat(Stages.SelectMany(stage => stage.Instructions.Prepend(stage.From)));

    /// <summary>Never throws: what is no Dockerfile has no stages.</summary>
    /// <param name="hereDocuments">Whether the engine knows here-documents.</param>
    public static Dockerfile Parse(string text, bool hereDocuments = true)
    {
        var reader = new DockerfileReader(text, hereDocuments);
        var preamble = new List<Instruction>();
        var stages = new List<Stage>();
        foreach (var instruction in reader.ReadInstructions())
        {
            if (instruction.Keyword == "FROM")
            {
                stages.Add(Stage.Begin(stages.Count, instruction));
            }
            else if (stages.Count > 0)
            {
                stages[^1].Instructions.Add(instruction);
            }
            else
            {
                preamble.Add(instruction);
            }
        }

        return new Dockerfile(reader.TextWithoutSyntax, reader.Syntax, reader.Escape, preamble, stages);
    }

    /// <summary>The stage of this name or number; the last one for null; null where there is none.</summary>
    public Stage? FindTarget(string? target) => string.IsNullOrEmpty(target)
        ? (Stages.Count > 0 ? Stages[^1] : null)
        : Stages.LastOrDefault(stage => target.Equals(stage.Name, StringComparison.OrdinalIgnoreCase))
            ?? (int.TryParse(target, out var index) ? Stages.ElementAtOrDefault(index) : null);
}

/// <summary>One FROM and what follows it.</summary>
/// <param name="Base">The image or stage as written, variables and all.</param>
/// <param name="Name">Null where it has none.</param>
internal sealed record Stage(int Index, Instruction From, string Base, string? Name)
{
    public List<Instruction> Instructions { get; } = [];

    public static Stage Begin(int index, Instruction from)
    {
        var words = from.Words().ToArray();
        var name = words.Length == 3 && words[1].Equals("AS", StringComparison.OrdinalIgnoreCase) ? words[2] : null;
        return new Stage(index, from, words.FirstOrDefault() ?? "", name);
    }
}
