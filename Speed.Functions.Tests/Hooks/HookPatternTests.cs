using Speed.Deployments;
using Speed.Hooks;
using Xunit;

namespace Speed.Tests.Hooks;

/// <summary>Drives nothing but a rule: which branches and files the patterns of a hook mean.</summary>
public sealed class HookPatternTests
{
    [Theory]
    [InlineData("www/*", "www/a/b.html", true)]
    [InlineData("/www/*", "www/index.html", true)]
    [InlineData("./www/*", "www/index.html", true)]
    [InlineData("www/", "www/a/index.html", true)]
    [InlineData("www", "www/index.html", true)]
    [InlineData("www", "www2/index.html", false)]
    [InlineData("www/*", "src/www/index.html", false)]
    [InlineData("www//./a.html", "www/a.html", true)]
    [InlineData(" www/* ", "www/a.html", true)]
    [InlineData("**/*.cs", "Program.cs", true)]
    [InlineData("**/*.cs", "src/deep/Program.cs", true)]
    [InlineData("**/*.cs", "src/Program.csproj", false)]
    [InlineData("**/Dockerfile", "Dockerfile", true)]
    [InlineData("**/Dockerfile", "web/Dockerfile", true)]
    [InlineData("**/Dockerfile", "web/MyDockerfile", false)]
    [InlineData("src/**/test/*", "src/test/a.c", true)]
    [InlineData("src/**/test/*", "src/a/b/test/a.c", true)]
    [InlineData("src/**/test/*", "src/latest/a.c", false)]
    [InlineData("src/**", "src/a/b", true)]
    [InlineData("**", "a/b", true)]
    [InlineData("/", "a/b", true)]
    [InlineData(".", "a/b", true)]
    [InlineData("src/*, www/*", "src/a", true)]
    [InlineData("src/*, www/*", "www/a", true)]
    [InlineData("src/*\nwww/*\n", "www/a", true)]
    [InlineData("src/*.{ts,tsx}", "src/a.tsx", true)]
    [InlineData("src/*.{ts,tsx}, www/*", "www/a", true)]
    [InlineData("{{name}}/*", "{{name}}/a", true)]
    [InlineData("a.c", "axc", false)]
    [InlineData("src/*", "SRC/a", false)]
    [InlineData("é\U0001F600*", "é\U0001F600\n", true)]
    public void A_path_is_meant_however_it_is_written(string pattern, string file, bool matches) =>
        Assert.Equal(matches, new HookPatterns(HookPattern.OfPaths, [pattern]).Matches(file));

    [Theory]
    [InlineData("!docs/*", "docs/a.md", false)]
    [InlineData("!docs/*", "src/a.c", true)]
    [InlineData("!docs", "docs/a.md", false)]
    [InlineData("!/docs/", "docs/a.md", false)]
    [InlineData("! docs/*", "docs/a.md", false)]
    [InlineData("*, !docs/*", "docs/a.md", false)]
    [InlineData("*, !docs/*", "src/a.c", true)]
    [InlineData("!docs/*, *", "docs/a.md", false)]
    [InlineData("!docs/*, src/*", "README", false)]
    [InlineData("src/*, !src/gen/*, src/gen/keep/*", "src/gen/a", false)]
    [InlineData("src/*, !src/gen/*, src/gen/keep/*", "src/gen/keep/a", true)]
    [InlineData("!**/*.md", "README.md", false)]
    [InlineData("!**/*.md", "docs/a.md", false)]
    [InlineData("!*.{md,txt}", "a.txt", false)]
    public void An_exclamation_mark_leaves_out(string patterns, string file, bool matches)
    {
        Assert.Equal(matches, new HookPatterns(HookPattern.OfPaths, [patterns]).Matches(file));
        Assert.Equal(matches, new HookPatterns(HookPattern.OfPaths, patterns.Split(", ")).Matches(file));
    }

    [Theory]
    [InlineData("main", "main", true)]
    [InlineData("refs/heads/main", "main", true)]
    [InlineData("/main", "main", true)]
    [InlineData("main, develop", "develop", true)]
    [InlineData("feature/", "feature/a/b", true)]
    [InlineData("feature", "feature/a", false)]
    [InlineData("**", "feature/a", true)]
    [InlineData("**/hotfix", "hotfix", true)]
    [InlineData("release-{1,2}.*", "release-2.0", true)]
    [InlineData("!main", "main", false)]
    [InlineData("!main", "develop", true)]
    [InlineData("*, !dependabot/**", "dependabot/npm/x", false)]
    public void So_is_a_branch(string pattern, string branch, bool matches) =>
        Assert.Equal(matches, new HookPatterns(HookPattern.OfBranches, [pattern]).Matches(branch));

    [Theory]
    [InlineData("")]
    [InlineData(" , ")]
    [InlineData("!")]
    [InlineData("!!a")]
    [InlineData("../a")]
    [InlineData("a/../b")]
    [InlineData("a\\b")]
    [InlineData("a?.c")]
    [InlineData("[ab].c")]
    [InlineData("{a,b")]
    [InlineData("a\tb")]
    [InlineData("https://git.example/owner/app/src/*")]
    [InlineData("docs/*|!docs/*")]
    [InlineData("docs/api/*|!docs")]
    [InlineData("!**")]
    [InlineData("{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}{,}")]
    public void What_cannot_be_meant_is_refused_with_the_way_out(string patterns)
    {
        var (_, fault) = HookPattern.OfPaths.Read(patterns.Split('|'));

        Assert.NotNull(fault);
        Assert.EndsWith(".", fault, StringComparison.Ordinal);
        Assert.Contains(fault, c => c is ':' or ',');
    }

    [Theory]
    [InlineData("/")]
    [InlineData("my branch")]
    [InlineData("a..b")]
    [InlineData("-x")]
    [InlineData("x.lock")]
    [InlineData("HEAD")]
    [InlineData("a:b")]
    [InlineData("refs/tags/v1")]
    [InlineData("tags/v1")]
    [InlineData("heads/main")]
    [InlineData("origin/main")]
    [InlineData("remotes/origin/main")]
    [InlineData("main|!*")]
    public void So_is_what_no_branch_is_called(string patterns) =>
        Assert.NotNull(HookPattern.OfBranches.Read(patterns.Split('|')).Fault);

    [Theory]
    [InlineData("a,b/*.{c,d}, !./e/")]
    [InlineData("**/*.cs")]
    [InlineData("/")]
    [InlineData("{{x}}")]
    public void What_is_meant_is_read_again_as_the_same(string text)
    {
        var (patterns, fault) = HookPattern.OfPaths.Read([text]);

        Assert.Null(fault);
        Assert.Equal(patterns, HookPattern.OfPaths.Read([.. patterns]).Patterns);
    }

    [Fact]
    public void One_that_was_kept_with_a_comma_still_means_the_file_of_that_name_too()
    {
        var kept = new HookPatterns(HookPattern.OfPaths, ["a, b.txt"]);

        Assert.True(kept.Matches("a, b.txt"));
        Assert.True(kept.Matches("a"));
        Assert.True(kept.Matches("b.txt"));
    }

    [Theory]
    [InlineData("github.com/./a")]
    [InlineData("!github.com/a")]
    [InlineData("github.com/**/a")]
    public void Patterns_of_repositories_are_none_of_these(string pattern)
    {
        Assert.NotNull(Glob.FindFault(pattern));
        Assert.False(Glob.MatchesAny([pattern], "github.com/a"));
    }
}
