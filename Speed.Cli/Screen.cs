using Spectre.Console;
using Spectre.Console.Rendering;

namespace Speed.Cli;

/// <summary>
/// One output. What a container or a repository says may be meant to command a terminal, so to a terminal it comes with
/// its control characters shown and not obeyed; a file or a pipe gets it as it is.
/// </summary>
internal sealed class Screen(TextWriter writer, bool isTerminal, bool hasColors)
{
    // A row is a line, however long: an address that is cut in two cannot be copied, and a script reads lines.
    private const int NoWidth = 100_000;

    public void Line(string text) => WriteLine(isTerminal ? Printable.Text(text) : text);

    /// <summary>A document as SPEED gave it.</summary>
    public void Raw(string text) => WriteLine(isTerminal ? Printable.Json(text) : text);

    /// <summary>A line of a log, or the part of one.</summary>
    public void Log(string text, bool continues)
    {
        var shown = isTerminal ? Printable.Log(text, hasColors) : text;
        if (continues)
        {
            Write(shown);
        }
        else
        {
            WriteLine(shown);
        }
    }

    /// <summary>Columns under their headings; nothing else where there are no rows.</summary>
    public void Table(string[] headings, IEnumerable<string?[]> rows)
    {
        var table = new Table { Border = TableBorder.None };
        foreach (var heading in headings)
        {
            table.AddColumn(new TableColumn(Bold(heading)).PadLeft(0).PadRight(2));
        }

        foreach (var row in rows)
        {
            table.AddRow(row.Select(Cell));
        }

        Render(table);
    }

    /// <summary>A name and what it names on each line; left out where it is null.</summary>
    public void Sheet(IEnumerable<(string Name, string? Value)> entries)
    {
        var grid = new Grid()
            .AddColumn(new GridColumn().NoWrap().PadLeft(0).PadRight(2))
            .AddColumn(new GridColumn().Padding(0, 0));
        foreach (var (name, value) in entries.Where(entry => !string.IsNullOrEmpty(entry.Value)))
        {
            grid.AddRow(Bold(name), new Text(Printable.Text(value!)));
        }

        Render(grid);
    }

    private static Text Bold(string text) => new(text, new Style(decoration: Decoration.Bold));

    // Text, and no markup: there are no tags in it to obey.
    private static Text Cell(string? text) => new(Printable.Text(text ?? "").Replace('\n', ' '));

    // Without the spaces up to the longest row, for which a terminal would begin lines of their own.
    private void Render(IRenderable what)
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = isTerminal && hasColors ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = isTerminal && hasColors ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
        });
        console.Profile.Width = NoWidth;
        console.Write(what);
        foreach (var line in text.ToString().TrimEnd().Split('\n'))
        {
            WriteLine(line.TrimEnd());
        }
    }
    private void WriteLine(string text) => Write(text + writer.NewLine);

    // A full disk, or a reader who has gone: no fault of SPEED's, and no reason to ask it again.
    private void Write(string text)
    {
        try
        {
            writer.Write(text);
        }
        catch (IOException fault)
        {
            throw new SpeedException($"The output cannot be written: {fault.Message}", ExitCode.NoAnswer, fault);
        }
    }
}
