using CsCheck;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Sources;

/// <summary>Drives real Git: it judges names of branches as SPEED does.</summary>
public sealed class BranchNameTests
{
    [Theory]
    [InlineData("main")]
    [InlineData("a;b")]
    [InlineData("feature/ünï;x")]
    [InlineData("@")]
    [InlineData("a@b")]
    [InlineData("refs/heads/x")]
    [InlineData("HEAD/x")]
    [InlineData("$(id)`id`'\"&|<>!#%=+,{}")]
    [InlineData("日本語")]
    [InlineData("a.lock.b")]
    [InlineData("😀")]
    public void Legal_names_pass(string name) => Assert.Null(BranchName.FindFault(name));

    [Theory]
    [InlineData("", "A branch name cannot be empty.")]
    [InlineData("-x", "`-x` is not a branch name: it begins with `-`.")]
    [InlineData("--upload-pack=x", "`--upload-pack=x` is not a branch name: it begins with `-`.")]
    [InlineData("HEAD", "`HEAD` is not a branch name: HEAD stands for another one.")]
    [InlineData("a b", "`a b` is not a branch name: it has a ` `.")]
    [InlineData("a\tb", "`a?b` is not a branch name: it has a control character.")]
    [InlineData("a\0b", "`a?b` is not a branch name: it has a control character.")]
    [InlineData("a\x7f", "`a?` is not a branch name: it has a control character.")]
    [InlineData("a..b", "`a..b` is not a branch name: it has `..`.")]
    [InlineData("@{-1}", "`@{-1}` is not a branch name: it has `@{`.")]
    [InlineData("a//b", "`a//b` is not a branch name: it has `//`.")]
    [InlineData("/a", "`/a` is not a branch name: it begins with `/`.")]
    [InlineData("a/", "`a/` is not a branch name: it ends with `/`.")]
    [InlineData("a.", "`a.` is not a branch name: it ends with `.`.")]
    [InlineData("a/.b", "`a/.b` is not a branch name: a part of it begins with `.`.")]
    [InlineData("a.lock/b", "`a.lock/b` is not a branch name: a part of it ends with `.lock`.")]
    [InlineData("a~1", "`a~1` is not a branch name: it has a `~`.")]
    [InlineData("a\\b", "`a\\b` is not a branch name: it has a `\\`.")]
    public void What_is_wrong_is_said(string name, string sentence) =>
        Assert.Equal(sentence, BranchName.FindFault(name));

    [Fact]
    public void Names_have_at_most_244_bytes()
    {
        Assert.Null(BranchName.FindFault(new string('ü', 122)));
        Assert.NotNull(BranchName.FindFault(new string('ü', 122) + "x"));
        Assert.NotNull(BranchName.FindFault("a\ud800"));
    }

    [Fact]
    public async Task Git_judges_the_same()
    {
        string[] words =
        [
            "a", "B", "ü", ".", "..", "/", "-", "@", "{", "@{", ".lock", "HEAD", " ", "~", "^", ":", "?", "*", "[", "]",
            "\\", "\x01", "\x7f", "\x85", ";", "'", "\"", "$", "refs/heads/", "😀", "\t",
        ];
        var names = new List<string>();
        Gen.Int[0, words.Length - 1].Select(i => words[i]).Array[1, 5].Select(string.Concat)
            .Sample(names.Add, iter: 400, threads: 1);

        var legal = 0;
        foreach (var name in names.Distinct())
        {
            var git = await GitAcceptsAsync(name);
            Assert.True(git == BranchName.FindFault(name) is null, $"git says {git} to `{name}`");
            legal += git ? 1 : 0;
        }

        Assert.InRange(legal, 10, names.Count - 10);
    }

    private static async Task<bool> GitAcceptsAsync(string name)
    {
        try
        {
            await GitCli.RunAsync(Path.GetTempPath(), "check-ref-format", "--branch", name);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
