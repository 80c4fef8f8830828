using System.IO.Enumeration;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Deployments;

/// <summary>Drives nothing but a rule: what patterns on tokens and secrets match, which is what they always matched.</summary>
public sealed class GlobTests(ITestOutputHelper output)
{
    private const int Pairs = 10_000;
    private const int Seed = 20_261_129;

    // What patterns and addresses are made of: names, what ends and separates them, and what could be special.
    private static readonly string[] Pieces =
    [
        "git.example", "GIT.example", "github.com", "team-a", "priv-b", "app", "App", "vault", ".git", "a", "b", "é", "É", "ſ", "K",
        "/", "/", "/", "*", "*", "**", "./", "../", ",", ", ", "?", "\\", "[a]", "!", ":8443", ".", "<", ">", "\"", "%2e", " ",
    ];

    private static readonly string[] Starts =
    [
        "https://git.example/", "http://git.example/", "ssh://git@git.example/", "git@git.example:", "deploy@git.example:",
        "https://git.example:8443/", "file:///srv/", "https://user@git.example/", "",
    ];

    [Fact]
    public void Patterns_match_what_they_matched_before_and_nothing_else()
    {
        output.WriteLine($"Seed {Seed}");
        var random = new Random(Seed);
        var matching = 0;

        for (var pair = 0; pair < Pairs; pair++)
        {
            var url = Starts[random.Next(Starts.Length)] + Words(random, 1, 5);
            var target = Before.TargetOf(url);
            var pattern = random.Next(3) == 0 ? Words(random, 1, 5) : Disguise(random, target);
            var (before, now) = (Before.Matches(pattern, target), Glob.MatchesAny([pattern], target));

            Assert.True(before == now, $"Seed {Seed}, pair {pair}: `{pattern}` and `{target}`: {before}, and now {now}");
            // What the framework makes of those two is its own: no address has them, and no new pattern.
            Assert.True(
                pattern.IndexOfAny(['?', '\\']) >= 0 || before == Naive(pattern, target),
                $"Seed {Seed}, pair {pair}: the naive model has `{pattern}` and `{target}` otherwise");
            Assert.Equal(target, Glob.TargetOf(url));
            matching += before ? 1 : 0;
        }

        output.WriteLine($"{matching} of {Pairs} match");
        Assert.InRange(matching, Pairs / 10, Pairs * 9 / 10);
    }

    [Fact]
    public void Patterns_that_are_refused_today_match_what_they_matched_before()
    {
        var random = new Random(Seed);
        var refused = 0;

        for (var pair = 0; pair < Pairs; pair++)
        {
            var target = Before.TargetOf("https://git.example/" + Words(random, 1, 5));
            var pattern = Disguise(random, target);
            refused += Glob.FindFault(pattern) is null ? 0 : 1;

            Assert.Equal(Before.Matches(pattern, target), Glob.MatchesAny([pattern], target));
        }

        Assert.InRange(refused, Pairs / 10, Pairs * 9 / 10);
    }

    private static string Words(Random random, int least, int most) => string.Concat(
        Enumerable.Range(0, random.Next(least, most + 1)).Select(_ => Pieces[random.Next(Pieces.Length)]));

    // Close to what it is to match: cut, with stars in it, in another case, with something behind it.
    private static string Disguise(Random random, string target)
    {
        var text = target;
        for (var change = random.Next(4); change > 0; change--)
        {
            var at = random.Next(text.Length + 1);
            var length = random.Next(text.Length - at + 1);
            text = random.Next(6) switch
            {
                0 => text[..at] + "*" + text[(at + length)..],
                1 => text[..at] + "**" + text[at..],
                2 => text[..at] + Pieces[random.Next(Pieces.Length)] + text[at..],
                3 => text.ToUpperInvariant(),
                4 => text + "/",
                _ => text[..at] + "*",
            };
        }

        return text;
    }

    // Of letters the case does not count, a star is anything, and nothing else is special. Nothing matches what is empty.
    private static bool Naive(string pattern, string text)
    {
        if (pattern.Length == 0 || text.Length == 0)
        {
            return false;
        }

        var reached = new bool[text.Length + 1];
        reached[0] = true;
        foreach (var one in pattern)
        {
            var next = new bool[text.Length + 1];
            for (var end = 0; end <= text.Length; end++)
            {
                next[end] = one == '*'
                    ? reached[end] || (end > 0 && next[end - 1])
                    : end > 0 && reached[end - 1] && char.ToUpperInvariant(one) == char.ToUpperInvariant(text[end - 1]);
            }

            reached = next;
        }

        return reached[^1];
    }

    /// <summary>The matcher of the program at <c>e2d8fba</c>, word by word. It stays as it is.</summary>
    private static class Before
    {
        public static bool Matches(string pattern, string text) => FileSystemName.MatchesSimpleExpression(
            pattern.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("?", "\\?", StringComparison.Ordinal),
            text,
            ignoreCase: true);

        public static string TargetOf(string url)
        {
            var scheme = url.IndexOf("://", StringComparison.Ordinal);
            var rest = scheme >= 0 ? url[(scheme + 3)..] : url;
            var slash = rest.IndexOf('/');
            var at = rest.IndexOf('@');
            rest = at >= 0 && (slash < 0 || at < slash) ? rest[(at + 1)..] : rest;
            if (scheme < 0)
            {
                var colon = rest.IndexOf(':');
                rest = colon < 0 ? rest : $"{rest[..colon]}/{rest[(colon + 1)..].TrimStart('/')}";
            }

            rest = rest.TrimEnd('/');
            return rest.EndsWith(".git", StringComparison.OrdinalIgnoreCase) ? rest[..^4] : rest;
        }
    }
}
