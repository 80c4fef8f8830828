using Speed.Dockerfiles;
using Xunit;

namespace Speed.Tests.Dockerfiles;

/// <summary>Drives nothing but a rule: a Dockerfile is cut as Docker's parsers cut it.</summary>
public sealed class ReaderTests
{
    [Theory]
    [InlineData("FROM a\\\nb", "FROM ab")]
    [InlineData("FROM a \\  \t\n  AS x", "FROM a|AS|x")]
    [InlineData("FROM a\nRUN x \\\u00A0\nADD b c", "FROM a; RUN x \\; ADD b|c")]
    [InlineData("FROM a\nRUN x \\\v\nADD b c", "FROM a; RUN x \\; ADD b|c")]
    [InlineData("FROM a\nRUN x \\\\\nADD b c", "FROM a; RUN x \\\\; ADD b|c")]
    [InlineData("FROM a\nRUN x \\\n\n\u00A0\n# comment\n\u2003# comment\ny", "FROM a; RUN x y")]
    [InlineData("\\\nFROM a", "FROM a")]
    [InlineData("FROM a\n\u00A0\u2003RUN x", "FROM a; RUN x")]
    [InlineData("FROM a\nRUN x\r\nRUN y \\\r\n z\r\n", "FROM a; RUN x; RUN y  z")]
    [InlineData("FROM a\r\r\nRUN x", "FROM a; RUN x")]
    public void Lines_are_joined_where_blank_and_tab_alone_stand_behind_the_escape(string text, string expected) =>
        Assert.Equal(expected, Tell(text));

    [Theory]
    [InlineData("# escape=`\nFROM `\na", "FROM a")]
    [InlineData("#   EsCaPe  =  `  \nFROM `\na", "FROM a")]
    [InlineData(" # escape=`\nFROM `\na", "FROM a")]
    [InlineData("\uFEFF# escape=`\nFROM `\na", "FROM a")]
    [InlineData("# syntax=x\n# escape=`\nFROM `\na", "FROM a")]
    [InlineData("\n# escape=`\nFROM a\nRUN `\\\nb", "FROM a; RUN `b")]
    [InlineData("# other=x\n# escape=`\nFROM a\nRUN `\\\nb", "FROM a; RUN `b")]
    [InlineData("#! /bin/x\n# escape=`\nFROM a\nRUN `\\\nb", "FROM a; RUN `b")]
    [InlineData("# hello\n# escape=`\nFROM a\nRUN `\\\nb", "FROM a; RUN `b")]
    public void Directives_end_at_the_first_line_that_is_none(string text, string expected) =>
        Assert.Equal(expected, Tell(text));

    [Theory]
    [InlineData("# escape=x\nFROM a", 1, "invalid escape token")]
    [InlineData("# escape= \nFROM a", 1, "invalid escape token")]
    [InlineData("# escape=`\n# escape=`\nFROM a", 2, "only one escape")]
    [InlineData("version: '3'\nservices:\n", 1, "unknown instruction: version:")]
    [InlineData("//syntax=x/y\nFROM a", 1, "unknown instruction: //syntax=x/y")]
    [InlineData("{\"syntax\": \"x/y\"}", 1, "unknown instruction: {\"syntax\":")]
    [InlineData("#!/bin/sh\nset -e\nFROM a", 2, "unknown instruction: set")]
    [InlineData("FROM a\nRUN\u0085x", 2, "unknown instruction: RUN\u0085x")]
    [InlineData("FROM a\nCOPY\u00A0b c", 2, "unknown instruction: COPY\u00A0b")]
    [InlineData("FROM a\nADD [1, \"b\"]", 2, "arrays must be comprised of strings only")]
    [InlineData("FROM a\nADD b", 2, "at least two arguments")]
    [InlineData("FROM a b", 1, "one or three")]
    [InlineData("FROM a OF b", 1, "one or three")]
    [InlineData("FROM a AS 1", 1, "invalid name for build stage")]
    [InlineData("FROM a\nENV a=b c", 2, "name=value")]
    [InlineData("FROM a\nRUN <<EOF\nx", 2, "unterminated heredoc")]
    [InlineData("FROM a\nONBUILD ONBUILD RUN x", 2, "ONBUILD")]
    [InlineData("FROM a\nONBUILD FROM b", 2, "FROM isn't allowed")]
    [InlineData("RUN x\nFROM a", 1, "no build stage")]
    [InlineData("# nothing\n", 1, "no instructions")]
    public void What_no_engine_builds_has_a_fault_with_its_line(string text, int line, string reason)
    {
        var fault = Readings.Of(text, hereDocuments: true).Fault;

        Assert.Equal(line, fault?.Line);
        Assert.Contains(reason, fault?.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_that_is_too_long_for_the_engine_has_a_fault()
    {
        Assert.Null(Readings.Of($"FROM a\nRUN {new string('x', 65_000)}", hereDocuments: true).Fault);
        Assert.NotNull(Readings.Of($"FROM a\nRUN {new string('x', 66_000)}", hereDocuments: true).Fault);
        Assert.NotNull(Readings.Of($"FROM a\nRUN {new string('é', 33_000)}", hereDocuments: true).Fault);
    }

    [Theory]
    [InlineData("ADD x\\\" http://h/s \\\" /x/", "x\\\"|http://h/s|\\\"|/x/")]
    [InlineData("ADD \"a b\" c", "\"a|b\"|c")]
    [InlineData("ADD a\u00A0b c", "a\u00A0b|c")]
    [InlineData("ADD a\vb\fc", "a|b|c")]
    [InlineData("ADD [\"http\\u003a//h/s\", \"/x\"]", "http://h/s|/x")]
    [InlineData("ADD [ \"a,b\" , \"c]d\" ]", "a,b|c]d")]
    [InlineData("ADD [\"a\\\"b\", \"\\/c\\n\"]", "a\"b|/c\n")]
    [InlineData("ADD ['a', 'b']", "['a',|'b']")]
    [InlineData("ADD [\"a\", \"b\",]", "[\"a\",|\"b\",]")]
    [InlineData("ADD [\"a\\q\", \"b\"]", "[\"a\\q\",|\"b\"]")]
    [InlineData("ADD [\"a\\]\", \"b\"", "[\"a\\]\",|\"b\"")]
    [InlineData("COPY --from=x [\"a\", \"b\"]", "a|b")]
    [InlineData("ENV a=\"b c\" d='e \\' f=g", "a=\"b c\"|d='e \\'|f=g")]
    [InlineData("ENV a=b\\ c d=e", "a=b\\ c|d=e")]
    [InlineData("ARG a b=c", "a|b=c")]
    public void Words_are_cut_by_the_rule_of_their_keyword(string line, string expected) =>
        Assert.Equal(expected, string.Join('|', Read(line).Words.Select(word => word.Text)));

    [Theory]
    [InlineData("COPY --from=x a b", "from=x", "a b")]
    [InlineData("COPY --fr\\om=x a b", "from=x", "a b")]
    [InlineData("COPY --\"from\"='x' a b", "from=x", "a b")]
    [InlineData("COPY --from=\"a b\" c d", "from=a b", "c d")]
    [InlineData("COPY   --link   --from=x a b", "link; from=x", "a b")]
    [InlineData("COPY -- --from=x b", "", "--from=x b")]
    [InlineData("COPY - --from=x b", "", "- --from=x b")]
    [InlineData("COPY \u00A0--from=x b", "", "--from=x b")]
    [InlineData("COPY \"--from=x\" a b", "", "\"--from=x\" a b")]
    [InlineData("COPY \\--from=x a b", "", "\\--from=x a b")]
    [InlineData("RUN --mount=type=bind,from=x \\\n --network=none y", "mount=type=bind,from=x; network=none", "y")]
    public void Flags_lose_their_quotes_and_escapes(string line, string flags, string arguments)
    {
        var instruction = Read(line);

        Assert.Equal(flags, string.Join("; ", instruction.Flags.Select(
            flag => flag.Value is null ? flag.Name : $"{flag.Name}={flag.Value}")));
        Assert.Equal(arguments, instruction.Arguments.Value);
    }

    [Theory]
    [InlineData("type=bind,from=a", "type=bind; from=a")]
    [InlineData("FROM=a,Type=cache", "from=a; type=cache")]
    [InlineData("\"from=a,b\",ro", "from=a,b; ro=")]
    [InlineData("\"from=a\"\"b\"", "from=a\"b")]
    [InlineData(" from=a", " from=a")]
    [InlineData("from=a\"b", null)]
    [InlineData("\"from=a\"b", null)]
    [InlineData("\"from=a", null)]
    public void A_mount_is_a_record_of_CSV(string mount, string? expected) =>
        Assert.Equal(expected, MountOptions.Read(LocatedText.Of(mount)) is { } fields
            ? string.Join("; ", fields.Select(field => $"{field.Key}={field.Value}"))
            : null);

    [Theory]
    [InlineData("RUN <<EOF\nFROM b\nEOF\nRUN y", "RUN <<EOF; RUN y")]
    [InlineData("RUN cat <<-'E F' <<two\n\tx\n\tE F\ny\ntwo\nRUN y", "RUN cat <<-'E F' <<two; RUN y")]
    [InlineData("RUN 3<<EOF\nx\nEOF\r\nRUN y", "RUN 3<<EOF; RUN y")]
    [InlineData("RUN x<<EOF\nRUN y", "RUN x<<EOF; RUN y")]
    [InlineData("RUN echo $((1<<2))\nRUN y", "RUN echo $((1<<2)); RUN y")]
    [InlineData("RUN <<<EOF\nRUN y", "RUN <<<EOF; RUN y")]
    [InlineData("RUN \"<<EOF\"\nRUN y", "RUN \"<<EOF\"; RUN y")]
    [InlineData("RUN \\<<EOF\nRUN y", "RUN \\<<EOF; RUN y")]
    [InlineData("RUN [\"<<EOF\"]\nRUN y", "RUN <<EOF; RUN y")]
    [InlineData("RUN echo 'open <<EOF\nRUN y", "RUN echo 'open <<EOF; RUN y")]
    [InlineData("CMD <<EOF\nRUN y", "CMD <<EOF; RUN y")]
    [InlineData("ONBUILD RUN <<EOF\nFROM b\nEOF\nRUN y", "ONBUILD RUN <<EOF; RUN y")]
    [InlineData("ADD <<a <<b /d\n1\na\n2\nb\nRUN y", "ADD <<a|<<b|/d; RUN y")]
    public void Here_documents_take_the_lines_behind_them(string text, string expected) =>
        Assert.Equal($"FROM a; {expected}", Tell($"FROM a\n{text}\n"));

    [Fact]
    public void An_engine_without_here_documents_reads_their_lines_as_instructions()
    {
        const string Text = "FROM a\nRUN cat <<ENV\nADD http://h/x /x\nENV";

        Assert.Equal((4, "ENV requires at least one argument"), FaultOf(hereDocuments: false));
        Assert.Equal((0, ""), FaultOf(hereDocuments: true));

        (int, string) FaultOf(bool hereDocuments) =>
            Readings.Of(Text, hereDocuments).Fault is { } fault ? (fault.Line, fault.Reason) : (0, "");
    }

    [Theory]
    [InlineData("FROM alpine", "alpine")]
    [InlineData("FROM  --platform=x  \"alpine\"  AS b", "\"alpine\"")]
    [InlineData("FROM \\\n# comment\n  alpine \\\n  AS b", "alpine")]
    [InlineData("FROM al\\\npine", null)]
    public void A_base_knows_its_place(string text, string? expected)
    {
        var span = Dockerfile.Parse(text).Stages[0].Base.Span;

        Assert.Equal(expected, span is { } place ? text.Substring(place.Start, place.Length) : null);
    }

    [Theory]
    [InlineData("COPY --from=alpine a b", "alpine")]
    [InlineData("COPY --chown=1 --from=\"alpine\" a b", "alpine")]
    [InlineData("COPY --from=al\\pine a b", null)]
    [InlineData("COPY --fr\\om=alpine a b", "alpine")]
    public void The_value_of_a_flag_knows_its_place(string line, string? expected)
    {
        var text = $"FROM x\n{line}";
        var span = Read(line).FlagsOf("from").Single().Value!.Span;

        Assert.Equal(expected, span is { } place ? text.Substring(place.Start, place.Length) : null);
    }

    [Fact]
    public void A_place_is_told_by_line_and_column()
    {
        const string Text = "FROM x\nADD \\\n [\"a\\u0062\", \"/x\"]";
        var span = Dockerfile.Parse(Text).Stages[0].Instructions[0].Words[0].Span!.Value;

        Assert.Equal((3, 4), span.PlaceIn(Text));
        Assert.Equal("a\\u0062", Text.Substring(span.Start, span.Length));
    }

    [Fact]
    public void Braces_within_braces_do_not_end_the_process()
    {
        var deep = string.Concat(Enumerable.Repeat("${a:-", 10_000));

        Assert.Null(new Lexer('\\').Expand(deep));
        Assert.Null(Readings.Of($"FROM a\nRUN {deep} <<EOF\n", hereDocuments: true).Fault);
    }

    private static Instruction Read(string line) => Dockerfile.Parse($"FROM x\n{line}").Stages[0].Instructions.Single();

    // Words where the keyword cuts them, and all of the rest where it does not.
    private static string Tell(string text) => string.Join("; ", Dockerfile.Parse(text).Instructions.Select(
        instruction => $"{instruction.Keyword} {string.Join('|', instruction.Words.Select(word => word.Text))}"));
}
