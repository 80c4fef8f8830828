using Speed.Dockerfiles;
using Xunit;

namespace Speed.Tests.Dockerfiles;

/// <summary>Drives nothing but a rule: no frontend but the engine's own reads a Dockerfile.</summary>
public sealed class FrontendTests
{
    [Theory]
    [InlineData("# syntax=a/b:1\nFROM x\n", "a/b:1", "\nFROM x\n")]
    [InlineData("#SYNTAX = a/b \r\nFROM x\n", "a/b", "\nFROM x\n")]
    [InlineData("# syntax=a/b\n# escape=`\nFROM x `\n  AS b\n# end\n", "a/b", "# escape=`\n\nFROM x `\n  AS b\n# end\n")]
    [InlineData("# escape=`\n# syntax=a/b\n# check=skip=all\nFROM x\n", "a/b", "# escape=`\n# check=skip=all\n\nFROM x\n")]
    [InlineData("# other=1\n# syntax=a/b\nFROM x\n", "a/b", "# other=1\n\nFROM x\n")]
    [InlineData("#!/bin/x\n# syntax=a/b\nFROM x\n", "a/b", "#!/bin/x\n\nFROM x\n")]
    [InlineData("\uFEFF# syntax=a/b\n# escape=`\nFROM x\n", "a/b", "\uFEFF# escape=`\n\nFROM x\n")]
    [InlineData("#\u00A0syntax=a/b\nFROM x\n", "a/b", "\nFROM x\n")]
    [InlineData("# syntax=a/b\n# syntax=c/d\nFROM x\n", "a/b", "\n\nFROM x\n")]
    public void A_request_for_a_frontend_is_taken_out_and_the_directives_behind_it_keep_their_effect(
        string text, string name, string expected)
    {
        Assert.Equal((expected, name), Frontend.Drop(text));
        Assert.Equal((expected, null), Frontend.Drop(expected));
    }

    [Theory]
    [InlineData("# hello\n# syntax=a/b\nFROM x\n")]
    [InlineData("\n# syntax=a/b\nFROM x\n")]
    [InlineData("FROM x\n# syntax=a/b\n")]
    [InlineData("#!/bin/x\n#!/bin/y\n# syntax=a/b\nFROM x\n")]
    [InlineData("# syntax\nFROM x\n")]
    public void A_comment_that_no_engine_takes_for_one_stays(string text) =>
        Assert.Equal((text, null), Frontend.Drop(text));

    [Fact]
    public void A_line_of_blanks_takes_no_time()
    {
        var blanks = new string(' ', 1_000_000);

        Assert.Equal(("a", $"x{blanks}y ="), Directives.Match($"# a ={blanks}x{blanks}y =", unicode: true));
        Assert.Null(Directives.Match($"# a{blanks}x", unicode: true));
    }
}
