using Speed.Deployments;
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

    [Theory]
    // A byte that is no UTF-8 is one character, and as good as any other such byte: so Docker's matcher has it.
    [InlineData("z?z", "z\\xefz", true)]
    [InlineData("z?z", "z\\xef\\xeez", false)]
    [InlineData("z??z", "z\\xef\\xeez", true)]
    [InlineData("z*", "z\\xef", true)]
    [InlineData("z[^a]z", "z\\xefz", true)]
    [InlineData("z\\xef", "z\\xef", true)]
    [InlineData("z\\xef", "z\\xee", true)]
    [InlineData("e\\xe2\\x82e", "e\\xe2e", false)]
    [InlineData("z\\xef/*", "z\\xef/a", true)]
    [InlineData("\\xef", "a", false)]
    public void Names_that_are_not_UTF_8_are_matched(string text, string path, bool excluded) =>
        Assert.Equal(excluded, DockerIgnore.Parse(Bytes(text)).Excludes(Bytes(path)));

    [Fact]
    public void What_is_asked_in_the_order_of_the_tree_is_what_is_asked_alone()
    {
        var rules = DockerIgnore.Parse("a\n*/b\n!a/keep\n**/*.log\n!a/keep/x.log\nc/d/e\n!c\nf*\n!**/g\n");
        string[] names = ["a", "b", "c", "d", "e", "keep", "x.log", "f1", "g"];
        var paths =
            from one in names
            from two in names
            from three in names
            from path in new[] { one, $"{one}/{two}", $"{one}/{two}/{three}" }
            select path;
        var walk = new IgnoreWalk(rules);

        Assert.All(paths, path => Assert.Equal(rules.Excludes(path), walk.Excludes(path)));
    }

    [Fact]
    public void A_file_has_at_most_10_000_patterns()
    {
        string Lines(int count) => "# one\n\n" + string.Concat(Enumerable.Range(0, count).Select(i => $"a{i}\n"));

        Assert.True(DockerIgnore.Parse(Lines(10_000)).Excludes("a9999/b"));
        var fault = Assert.Throws<FormatException>(() => DockerIgnore.Parse(Lines(10_001)));
        Assert.Equal("it has more than 10,000 patterns", fault.Message);
    }

    [Fact]
    public void So_many_patterns_and_files_take_no_time_where_a_look_is_enough()
    {
        string[] forms = ["dir{0}/file", "**/*.ext{0}", "**/node{0}", "lib{0}/**", "!keep{0}"];
        var rules = DockerIgnore.Parse(string.Concat(Enumerable.Range(0, 10_000).Select(
            i => string.Format(null, forms[i % forms.Length], i) + "\n")));
        var walk = new IgnoreWalk(rules, maxSteps: 1_000_000);

        var excluded = Enumerable.Range(0, 2_000).Count(i => walk.Excludes($"lib{i}/src/main.c"));

        Assert.Equal(400, excluded);
    }

    [Fact]
    public void Patterns_that_take_too_long_are_refused()
    {
        var rules = DockerIgnore.Parse(string.Concat(Enumerable.Range(0, 1_000).Select(i => $"*a*b*{i}*x*c\n")));
        var walk = new IgnoreWalk(rules, maxSteps: 1_000_000);

        var fault = Assert.Throws<FormatException>(
            () => Enumerable.Range(0, 1_000).Count(i => walk.Excludes($"aaaabbbb{i}c")));

        Assert.Equal("its patterns take too long for so many files", fault.Message);
    }

    [Theory]
    // Nothing in how they begin or end tells them from a path.
    [InlineData("*x{0}*", "file{0}")]
    // Each fits the first folder, and so is looked at for every file in it.
    [InlineData("*\n!*", "folder/file{0}")]
    [InlineData("a{0}*", "z{0}")]
    public void A_look_counts_too(string pattern, string path)
    {
        var text = string.Concat(Enumerable.Range(0, 5_000).Select(i => string.Format(null, pattern, i) + "\n"));
        var walk = new IgnoreWalk(DockerIgnore.Parse(text), maxSteps: 10_000_000);

        var fault = Assert.Throws<FormatException>(
            () => Enumerable.Range(0, 200_000).Count(i => walk.Excludes(string.Format(null, path, i))));

        Assert.Equal("its patterns take too long for so many files", fault.Message);
    }

    [Fact]
    public void A_pattern_of_which_some_text_is_missing_in_a_path_is_no_more_than_looked_at()
    {
        var rules = DockerIgnore.Parse(string.Concat(Enumerable.Range(0, 1_000).Select(i => $"**/n{i}/*.c\n")));
        var walk = new IgnoreWalk(rules, maxSteps: 20_000_000);

        Assert.Equal(2, Enumerable.Range(0, 2_000).Count(i => walk.Excludes($"a/n{i}/b/x.c") || walk.Excludes($"a/b/n{i * 500}/x.c")));
    }

    [Fact]
    public void Ten_thousand_patterns_and_two_hundred_thousand_files_end_in_bounds()
    {
        string[] forms = ["**/*.ext{0}", "lib{0}/**", "**/node{0}/main.c", "/src/part{0}*/x", "!**/keep{0}", "*.{0}"];
        var rules = DockerIgnore.Parse(string.Concat(Enumerable.Range(0, 10_000).Select(
            i => string.Format(null, forms[i % forms.Length], i) + "\n")));
        var walk = new IgnoreWalk(rules, IgnoreWalk.MaxSteps / 10);

        var excluded = Enumerable.Range(0, 200_000)
            .Count(i => walk.Excludes($"lib{i / 1_000}/module{i / 100}/file{i}.c"));

        Assert.Equal(34_000, excluded);
    }

    [Fact]
    public void A_malicious_pattern_takes_no_time()
    {
        var rules = DockerIgnore.Parse(string.Concat(Enumerable.Repeat("**/a*", 200)) + "b");

        Assert.False(rules.Excludes(string.Concat(Enumerable.Repeat("a/", 1_000)) + "a"));
    }

    // "\x" and two digits stand for a byte.
    private static string Bytes(string text) => TreePath.Decode(
        [.. System.Text.RegularExpressions.Regex.Split(text, @"(\\x[0-9a-f]{2})").SelectMany(
            part => part.StartsWith(@"\x", StringComparison.Ordinal)
                ? [Convert.ToByte(part[2..], 16)]
                : System.Text.Encoding.UTF8.GetBytes(part))]);
}
