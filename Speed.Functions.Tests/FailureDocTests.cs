using System.Text;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests;

/// <summary>Drives real files: docs/failures.md has every failure and hint that the sources have.</summary>
/// <remarks>SPEED_WRITE_FAILURES=1 writes it anew.</remarks>
public sealed partial class FailureDocTests
{
    private static readonly string Page = Path.Combine(ArchitectureTests.Root, "docs", "failures.md");

    // What is thrown with a code of its own, or told of a thing that was looked at.
    private static readonly string[] Evidence = ["ProgramFault", "EngineFault"];

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_failure_and_every_hint_is_in_the_docs_as_the_sources_have_it()
    {
        var made = Write(Sources());
        if (Environment.GetEnvironmentVariable("SPEED_WRITE_FAILURES") == "1")
        {
            await File.WriteAllTextAsync(Page, made, Now);
        }

        Assert.Equal(await File.ReadAllTextAsync(Page, Now), made);
        Assert.All(Enum.GetValues<FailureCode>(), code => Assert.Contains($"\n## {code.Wire}\n", made, StringComparison.Ordinal));
    }

    [Fact]
    public void A_message_is_told_with_a_mark_where_it_names_something() =>
        Assert.Equal(
            "It is `…` of 3, in two pieces.",
            TextOf(SyntaxFactory.ParseExpression("$\"It is `{name}` \" + \"of 3, in {{two}} pieces.\".Trim()"))?.Replace("{{two}}", "two"));

    private static string Write(IReadOnlyList<SyntaxNode> sources)
    {
        var page = new StringBuilder(
            """
            # Failures

            Why a deployment did not succeed: `failure` of its resource has one of these codes, a message and, where something was
            seen that has a way out, a hint. `…` stands for what a message names. This page is made from the sources by a test.


            """);
        foreach (var code in Enum.GetValues<FailureCode>())
        {
            page.Append($"## {code.Wire}\n\n{SummaryOf(sources, code)} Whose fault: {code.Fault}.\n\n");
            var told = sources.SelectMany(source => ToldWith(source, code)).Distinct().Order(StringComparer.Ordinal).ToList();
            page.AppendJoin("", told.Select(one => $"- {one}\n"));
            page.Append(told.Count > 0 ? "\n" : "");
        }

        page.Append("## What is looked at\n\nSeen in the thing itself, and told in the place of a hint or with it:\n\n");
        var seen = sources.SelectMany(SeenIn).Distinct().Order(StringComparer.Ordinal);
        page.AppendJoin("", seen.Select(one => $"- {one}\n"));
        page.Append("\n## Other hints\n\nBy the words of engine, builder, program and server alone:\n\n");
        page.AppendJoin("", sources.SelectMany(HintsIn).Distinct().Order(StringComparer.Ordinal).Select(one => $"- {one}\n"));
        return page.ToString();
    }

    private static IEnumerable<string> ToldWith(SyntaxNode source, FailureCode code) =>
        from list in source.DescendantNodes().OfType<ArgumentListSyntax>()
        let arguments = list.Arguments
        where arguments.Count > 1 && arguments[0].Expression.ToString() == $"FailureCode.{code}"
        let message = TextOf(arguments[1].Expression)
        where message is not null
        let hint = arguments.Count > 2 && arguments[2].NameColon is null or { Name.Identifier.Text: "hint" } ? TextOf(arguments[2].Expression) : null
        select hint is null ? message : $"{message} *{hint}*";

    private static IEnumerable<string> SeenIn(SyntaxNode source) =>
        from made in source.DescendantNodes().OfType<BaseObjectCreationExpressionSyntax>()
        where made is ObjectCreationExpressionSyntax { Type: IdentifierNameSyntax type } && Evidence.Contains(type.Identifier.Text)
        let what = TextOf(made.ArgumentList!.Arguments[0].Expression)
        let wayOut = TextOf(made.ArgumentList!.Arguments[1].Expression)
        where what is not null
        select wayOut is null ? what : $"{what.TrimEnd('.')}. *{wayOut}*";

    // Sentences of methods and properties that are named for it.
    private static IEnumerable<string> HintsIn(SyntaxNode source) =>
        from member in source.DescendantNodes().OfType<MethodDeclarationSyntax>()
        where HintName().IsMatch(member.Identifier.Text) || member.Parent is ClassDeclarationSyntax { Identifier.Text: "BuildHint" }
        from expression in member.DescendantNodes().OfType<ExpressionSyntax>()
        where expression is LiteralExpressionSyntax or InterpolatedStringExpressionSyntax or BinaryExpressionSyntax
            && expression.Parent is not (BinaryExpressionSyntax or ArgumentSyntax or IsPatternExpressionSyntax)
        let text = TextOf(expression)
        where text is { Length: > 20 } && text[^1] == '.'
        select text;

    // Null for what is no text, or has nothing of its own.
    private static string? TextOf(ExpressionSyntax expression)
    {
        var text = expression switch
        {
            LiteralExpressionSyntax { Token.Value: string value } => value,
            InterpolatedStringExpressionSyntax interpolated => string.Concat(interpolated.Contents.Select(part =>
                part is InterpolatedStringTextSyntax plain ? plain.TextToken.ValueText : "…")),
            BinaryExpressionSyntax { RawKind: (int)SyntaxKind.AddExpression } sum => $"{TextOf(sum.Left) ?? "…"}{TextOf(sum.Right) ?? "…"}",
            ParenthesizedExpressionSyntax inner => TextOf(inner.Expression),
            ConditionalExpressionSyntax choice => (TextOf(choice.WhenTrue), TextOf(choice.WhenFalse)) switch
            {
                (null, null) => null,
                var (one, other) => $"{one ?? "…"}{(string.IsNullOrEmpty(other) ? "" : $" / {other}")}",
            },
            InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.Text: "Create" }, ArgumentList.Arguments: [.., var last] } =>
                TextOf(last.Expression),
            InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Expression: var of } } => TextOf(of),
            _ => null,
        };
        return text is null || text.All(c => c is '…' or ' ' or '.') ? null : text.Replace("\n", " ");
    }

    private static string SummaryOf(IReadOnlyList<SyntaxNode> sources, FailureCode code) =>
        sources.SelectMany(source => source.DescendantNodes().OfType<EnumMemberDeclarationSyntax>())
            .Where(member => member.Parent is EnumDeclarationSyntax { Identifier.Text: nameof(FailureCode) } && member.Identifier.Text == $"{code}")
            .Select(member => Summary().Match(member.GetLeadingTrivia().ToFullString()).Groups[1].Value)
            .Single();

    private static IReadOnlyList<SyntaxNode> Sources() =>
    [
        .. Directory.EnumerateFiles(Path.Combine(ArchitectureTests.Root, "Speed.Functions"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(file => CSharpSyntaxTree.ParseText(
                File.ReadAllText(file), new CSharpParseOptions(documentationMode: DocumentationMode.Parse), cancellationToken: Now).GetRoot(Now)),
    ];

    [GeneratedRegex("Hint|WayOut")]
    private static partial Regex HintName();

    [GeneratedRegex("<summary>(.+?)</summary>")]
    private static partial Regex Summary();
}
