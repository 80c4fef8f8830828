using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Speed.Tests;

/// <summary>Drives nothing but a rule: sources have a size that can be read, and tests say what they drive.</summary>
public sealed partial class HouseTests
{
    private const int MaxFileLines = 500;
    private const int MaxMethodLines = 60;
    private const string Rule = "nothing but a rule";

    private static readonly string[] Projects =
        ["Speed.Functions", "Speed.Cli", "Speed.Functions.Tests", "Speed.Benchmarks"];

    // What a test may say that it drives, and by which names that can be seen: one of them stands in its class, or in
    // the class it is derived from.
    private static readonly Dictionary<string, string[]> Parts = new()
    {
        ["the real engine"] = ["World", "DockerWorld", "KillPointWorld", "DockerCli", "Court", "HostileTrial"],
        ["a real engine"] = ["EngineWorld", "OwnEngine"],
        ["a real browser"] = ["Browser"],
        ["SPEED's process"] = ["SpeedProcess", "SpeedProgram", "EngineWorld", "KillPointWorld", "HostedSpeed"],
        ["a process"] = ["Process"],
        ["real Git"] = ["GitServer", "GitRepository", "SourceWorld", "SshServer", "GitCli", "Court"],
        ["SPEED over HTTP"] = ["SpeedApp"],
        ["real HTTP"] = ["ScriptedServer", "ScriptedEngine", "Receiver", "WebApplication", "TcpListener", "NotifyWorld", "ProxyWorld"],
        ["real SQLite"] = ["SqliteStores", "SqliteConnection", "NotifyWorld", "ProxyWorld"],
        ["real files"] = ["TempFolder", "File", "Directory"],
    };

    private static readonly ILookup<string, ClassDeclarationSyntax> Classes = ReadTests()
        .ToLookup(NameOf);

    [Fact]
    public void A_source_file_can_be_read() =>
        Assert.Empty(
            from file in Projects.SelectMany(Sources)
            let lines = File.ReadLines(file).Count()
            where lines > MaxFileLines
            select $"{Path.GetRelativePath(ArchitectureTests.Root, file)}: {lines} of {MaxFileLines} lines");

    [Fact]
    public void A_method_can_be_seen_at_once() =>
        Assert.Empty(
            from file in Projects.SelectMany(Sources)
            from method in FindLong(File.ReadAllText(file))
            select $"{Path.GetRelativePath(ArchitectureTests.Root, file)}: {method}");

    [Theory]
    [InlineData("void M()\n{\n", "}", "")]
    [InlineData("void M()\n{\n\n", "}", "M: 61 of 60 lines")]
    [InlineData("/// <summary>Does not\n/// count.</summary>\n[Fact]\nvoid M()\n{\n", "}", "")]
    [InlineData("void M(\n    int a)\n{\n", "}", "M: 61 of 60 lines")]
    [InlineData("C()\n{\n\n", "}", "C: 61 of 60 lines")]
    [InlineData("int P\n{\n    get\n    {\n\n", "    }\n}", "get: 61 of 60 lines")]
    [InlineData("int M() =>\n\n\n", "    1;", "M: 61 of 60 lines")]
    [InlineData("void M()\n{\n    void Inner()\n    {\n", "    }\n}", "M: 63 of 60 lines")]
    public void It_is_counted_from_its_signature_to_its_end(string before, string after, string found)
    {
        var statements = string.Concat(Enumerable.Repeat("\n", MaxMethodLines - 3));

        Assert.Equal(found, string.Join(", ", FindLong($"class C\n{{\n{before}{statements}{after}\n}}\n")));
    }

    [Fact]
    public void Every_class_of_tests_says_in_one_line_what_real_part_it_drives_and_names_it()
    {
        var faults =
            from type in typeof(HouseTests).Assembly.GetTypes()
            where type is { IsPublic: true, IsAbstract: false } or { IsNestedPublic: true, IsAbstract: false }
            where type.GetMethods().Any(method => method.GetCustomAttributes<FactAttribute>().Any())
            let fault = Judge(SummaryOf(Classes[type.FullName!]), [.. NamesIn(type)])
            where fault is not null
            select $"{type.FullName}: {fault}";

        Assert.Empty(faults);
    }

    [Theory]
    [InlineData("", "SpeedApp", false)]
    [InlineData("What goes wrong.", "SpeedApp", false)]
    [InlineData("Drives SPEED over HTTP: what goes wrong.", "SpeedApp", true)]
    [InlineData("Drives SPEED over HTTP: what\ngoes wrong.", "SpeedApp", false)]
    [InlineData("Drives SPEED over HTTP: what goes wrong.", "GitServer", false)]
    [InlineData("Drives SPEED over HTTP and real Git: what goes wrong.", "GitServer", false)]
    [InlineData("Drives SPEED over HTTP, real Git and a real browser.", "GitServer SpeedApp Browser", true)]
    [InlineData("Drives a mock.", "SpeedApp", false)]
    [InlineData("Drives nothing but a rule: of two.", "Assert", true)]
    [InlineData("Drives nothing but a rule: of two.", "SpeedApp", false)]
    public void What_it_says_is_held_against_what_it_names(string summary, string names, bool isTrue) =>
        Assert.Equal(isTrue, Judge(summary, names.Split(' ')) is null);

    [Fact]
    public void Every_row_of_the_threat_model_names_tests_that_are_there()
    {
        var tests = Sources("Speed.Functions.Tests").Select(file => Path.GetRelativePath(ArchitectureTests.Root, file)).ToArray();
        var text = File.ReadAllText(Path.Combine(ArchitectureTests.Root, "docs", "security.md"));
        string[] rows = [.. text.Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal) && line.Split(" | ").Length == 3)];

        var named = rows.SelectMany(row => NamedTest().Matches(row).Select(name => name.Groups[1].Value)).Distinct().ToArray();

        Assert.All(named, name => Assert.Contains(tests, file => file.EndsWith($"/{name}.cs", StringComparison.Ordinal)));
        // But for the headings of tables, and the two kinds of sandbox, which stand side by side.
        Assert.DoesNotContain(
            rows,
            row => !NamedTest().IsMatch(row) && !row.StartsWith("| threat |", StringComparison.Ordinal) && !SandboxRow().IsMatch(row));
        Assert.True(named.Length > 50);
    }

    private static string? Judge(string summary, string[] names)
    {
        if (Line().Match(summary) is not { Success: true } line)
        {
            return $"'{summary}' is not one line that begins 'Drives ' and one of: "
                + $"{string.Join(", ", [.. Parts.Keys, Rule])}.";
        }

        string[] said = [.. line.Groups["part"].Captures.Select(part => part.Value)];
        if (said is [Rule])
        {
            var driven = Parts.Where(part => part.Key is not "real files" && part.Value.Any(names.Contains)).ToArray();
            return driven.Length == 0 ? null : $"it says {Rule}, and names what drives {driven[0].Key}.";
        }

        var empty = said.FirstOrDefault(part => !Parts.TryGetValue(part, out var known) || !known.Any(names.Contains));
        return empty is null ? null : $"it says {empty}, and names nothing that drives it.";
    }

    private static IEnumerable<string> FindLong(string text) =>
        from node in CSharpSyntaxTree.ParseText(text, cancellationToken: Now).GetRoot(Now).DescendantNodes()
        let signature = node switch
        {
            MethodDeclarationSyntax method => method.Modifiers.FirstOrDefault(method.ReturnType.GetFirstToken()),
            ConstructorDeclarationSyntax made => made.Modifiers.FirstOrDefault(made.Identifier),
            AccessorDeclarationSyntax accessor => accessor.Keyword,
            _ => default,
        }
        where signature != default
        let lines = LineOf(node.GetLastToken()) - LineOf(signature) + 1
        where lines > MaxMethodLines
        let name = node switch
        {
            MethodDeclarationSyntax method => method.Identifier.Text,
            ConstructorDeclarationSyntax made => made.Identifier.Text,
            _ => signature.Text,
        }
        select $"{name}: {lines} of {MaxMethodLines} lines";

    [GeneratedRegex(@"`((?:\w+/)?\w+Tests)`")]
    private static partial Regex NamedTest();

    [GeneratedRegex(@"^\| (\||(capabilities|user|network|memory|---))")]
    private static partial Regex SandboxRow();

    private static int LineOf(SyntaxToken token) => token.GetLocation().GetLineSpan().EndLinePosition.Line;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private static IEnumerable<ClassDeclarationSyntax> ReadTests() =>
        Sources("Speed.Functions.Tests")
            .Select(file => CSharpSyntaxTree.ParseText(
                File.ReadAllText(file), new CSharpParseOptions(documentationMode: DocumentationMode.Parse)))
            .SelectMany(tree => tree.GetRoot().DescendantNodes().OfType<ClassDeclarationSyntax>());

    // As .NET writes it.
    private static string NameOf(ClassDeclarationSyntax one) => one.Parent switch
    {
        BaseNamespaceDeclarationSyntax space => $"{space.Name}.{one.Identifier.Text}",
        ClassDeclarationSyntax outer => $"{NameOf(outer)}+{one.Identifier.Text}",
        _ => one.Identifier.Text,
    };

    // The class itself, all of its parts, and what it is derived from.
    private static IEnumerable<string> NamesIn(Type type)
    {
        for (var one = type; one is not null && one.Assembly == type.Assembly; one = one.BaseType)
        {
            yield return one.Name;
            foreach (var token in Classes[one.FullName!].SelectMany(part => part.DescendantTokens()))
            {
                if (token.IsKind(SyntaxKind.IdentifierToken))
                {
                    yield return token.Text;
                }
            }
        }
    }

    private static string SummaryOf(IEnumerable<ClassDeclarationSyntax> parts) => string.Concat(
        from part in parts
        from trivia in part.GetLeadingTrivia()
        let comment = trivia.GetStructure() as DocumentationCommentTriviaSyntax
        where comment is not null
        from element in comment.Content.OfType<XmlElementSyntax>()
        where element.StartTag.Name.ToString() == "summary"
        select element.Content.ToString());

    private static IEnumerable<string> Sources(string project) =>
        Directory.EnumerateFiles(Path.Combine(ArchitectureTests.Root, project), "*.cs", SearchOption.AllDirectories)
            .Where(file => !Path.GetRelativePath(ArchitectureTests.Root, file)
                .Split(Path.DirectorySeparatorChar).Any(folder => folder is "bin" or "obj"));

    [GeneratedRegex("""
        ^Drives (?<part>[^,:.\n]+?)(?:, (?<part>[^,:.\n]+?))*(?: and (?<part>[^,:.\n]+?))?[:.][^\n]*$
        """)]
    private static partial Regex Line();
}
