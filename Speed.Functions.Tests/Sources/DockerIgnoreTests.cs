using Speed.Sources;
using Xunit;

namespace Speed.Tests.Sources;

/// <summary>Drives nothing but a rule: which files .dockerignore leaves out.</summary>
public sealed class DockerIgnoreTests
{
    [Theory]
    // Names and folders.
    [InlineData("bin", "bin", true)]
    [InlineData("bin", "bin/a/b", true)]
    [InlineData("bin", "src/bin", false)]
    [InlineData("bin", "binary", false)]
    [InlineData("src/bin", "src/bin/x", true)]
    [InlineData("/bin", "bin/x", true)]
    [InlineData("bin/", "bin", true)]
    [InlineData("./bin/./", "bin/x", true)]
    [InlineData("src/../bin", "bin/x", true)]
    [InlineData("../bin", "bin", false)]
    [InlineData("/", "bin", false)]
    [InlineData(".", "bin", false)]
    [InlineData("  bin  ", "bin", true)]
    [InlineData("Bin", "bin", false)]
    // Within one name.
    [InlineData("*.log", "a.log", true)]
    [InlineData("*.log", ".log", true)]
    [InlineData("*.log", "a.log.txt", false)]
    [InlineData("*.log", "logs/a.log", false)]
    [InlineData("*/temp*", "a/temporary", true)]
    [InlineData("*/temp*", "a/temp/b", true)]
    [InlineData("*/temp*", "temporary", false)]
    [InlineData("*/*/temp*", "a/b/temp", true)]
    [InlineData("temp?", "temps", true)]
    [InlineData("temp?", "temp", false)]
    [InlineData("a?b", "a/b", false)]
    [InlineData("a?b", "a😀b", true)]
    [InlineData("*", "anything/below", true)]
    [InlineData("a*b*c", "a--b--c", true)]
    [InlineData("a*b*c", "a--c--b", false)]
    // Across folders.
    [InlineData("**", "a/b/c", true)]
    [InlineData("**/*.go", "main.go", true)]
    [InlineData("**/*.go", "a/b/main.go", true)]
    [InlineData("**/*.go", "a/b/main.got", false)]
    [InlineData("**/node_modules", "node_modules/x", true)]
    [InlineData("**/node_modules", "web/node_modules/x/y", true)]
    [InlineData("**/node_modules", "my_node_modules", false)]
    [InlineData("docs/**/draft", "docs/draft", true)]
    [InlineData("docs/**/draft", "docs/a/b/draft", true)]
    [InlineData("docs/**/draft", "docs/adraft", false)]
    [InlineData("docs/**", "docs/a/b", true)]
    [InlineData("docs/**", "docs", false)]
    [InlineData("docs/**", "docsy", false)]
    [InlineData("docs**", "docsy/a", true)]
    [InlineData("**.log", "a/b.log", true)]
    [InlineData("a/**b", "a/b", true)]
    [InlineData("a/**b", "a/xb", false)]
    [InlineData("**/a/**/b", "x/a/y/z/b", true)]
    [InlineData("**/a/**/b", "x/a/y/z/c", false)]
    // Classes and escapes.
    [InlineData("[a-c].txt", "b.txt", true)]
    [InlineData("[a-c].txt", "d.txt", false)]
    [InlineData("[^a-c].txt", "d.txt", true)]
    [InlineData("[^a-c].txt", "a.txt", false)]
    [InlineData("[!a].txt", "!.txt", true)]
    [InlineData(@"[\]\-].txt", "].txt", true)]
    [InlineData(@"[\]\-].txt", "-.txt", true)]
    [InlineData(@"\*.txt", "*.txt", true)]
    [InlineData(@"\*.txt", "a.txt", false)]
    [InlineData(@"\#a", "#a", true)]
    [InlineData(@"\!a", "!a", true)]
    [InlineData("a]", "a]", true)]
    [InlineData("a.c", "abc", false)]
    [InlineData("a+(b)|{c}$^", "a+(b)|{c}$^", true)]
    // Comments, blank lines and marks.
    [InlineData("#a", "#a", false)]
    [InlineData(" #a", "#a", true)]
    [InlineData("\n\n  \nbin\n", "bin", true)]
    [InlineData("\uFEFF# note\r\nbin\r\n", "bin", true)]
    [InlineData("\uFEFFbin", "bin", true)]
    // Exceptions: the last rule that fits decides.
    [InlineData("*.md\n!README.md", "README.md", false)]
    [InlineData("*.md\n!README.md", "other.md", true)]
    [InlineData("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true)]
    [InlineData("*.md\nREADME-secret.md\n!README*.md", "README-secret.md", false)]
    [InlineData("!bin\nbin", "bin", true)]
    [InlineData("docs\n!docs/keep", "docs/keep/a", false)]
    [InlineData("docs\n!docs/keep", "docs/other", true)]
    [InlineData("*\n! /src/ ", "src/a", false)]
    [InlineData("**\n!**/*.cs", "a/b.cs", false)]
    [InlineData("**/*.log\n!logs", "logs/a.log", true)]
    [InlineData("**/*.log\n!logs/*", "logs/a.log", false)]
    [InlineData("*\n!docs\ndocs/x", "docs/x/y", true)]
    [InlineData("/ a", "a", true)]
    [InlineData("*\n/!a", "a", false)]
    public void The_rules_of_Docker_hold(string text, string path, bool excluded) =>
        Assert.Equal(excluded, DockerIgnore.Parse(text).Excludes(path));

    [Theory]
    [InlineData("!")]
    [InlineData("!/")]
    [InlineData("/!")]
    [InlineData("a\\")]
    [InlineData("[")]
    [InlineData("[]")]
    [InlineData("[a")]
    [InlineData("[a-]")]
    [InlineData("[-a]")]
    [InlineData("x[^")]
    public void What_Docker_refuses_is_refused_with_its_line(string pattern)
    {
        var fault = Assert.Throws<FormatException>(() => DockerIgnore.Parse("# one\nbin\n" + pattern));

        Assert.StartsWith("line 3, ", fault.Message);
    }

    [Fact]
    public void A_malicious_pattern_takes_no_time()
    {
        var rules = DockerIgnore.Parse(string.Concat(Enumerable.Repeat("**/a*", 200)) + "b");

        Assert.False(rules.Excludes(string.Concat(Enumerable.Repeat("a/", 1_000)) + "a"));
    }
}
