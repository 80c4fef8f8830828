using Speed.Deployments;
using Speed.Dockerfiles;
using Xunit;

namespace Speed.Tests.Dockerfiles;

/// <summary>Drives nothing but a rule: judged words are put in their places, and nothing else changes.</summary>
public sealed class RewritingTests
{
    [Theory]
    [InlineData("FROM a\n", "FROM r/a:1\n")]
    [InlineData("\uFEFFFROM a\n", "\uFEFFFROM r/a:1\n")]
    [InlineData("from\t--platform=x \"a\" as b\r\n\r\n# c \\\n", "from\t--platform=x r/a:1 as b\r\n\r\n# c \\\n")]
    [InlineData("FROM \\\n  # why\n  a \\\n  AS b\nRUN x \\\n\n y", "FROM \\\n  # why\n  r/a:1 \\\n  AS b\nRUN x \\\n\n y")]
    [InlineData("# syntax=s\n# escape=`\nFROM `\n a\n", "# escape=`\n\nFROM `\n r/a:1\n")]
    [InlineData("ARG V=a\nFROM ${V}\n", "ARG V=a\nFROM r/a:1\n")]
    [InlineData("FROM a\nCOPY --chown=1 --from=\"a\" x y\n", "FROM r/a:1\nCOPY --chown=1 --from=\"r/a:1\" x y\n")]
    [InlineData(
        "FROM a\nRUN --mount=type=bind,from=a,target=/a \\\n  --mount=type=cache,target=/c x\n",
        "FROM r/a:1\nRUN --mount=type=bind,from=r/a:1,target=/a \\\n  --mount=type=cache,target=/c x\n")]
    [InlineData("FROM a\nADD [\"http\\u003a//h/s\", \"/x\"]\n", "FROM r/a:1\nADD [\"fetched\", \"/x\"]\n")]
    [InlineData("FROM a\nADD b http://h/s http://h/s /x/\n", "FROM r/a:1\nADD b fetched fetched /x/\n")]
    [InlineData("FROM a\nRUN <<EOF\nFROM a\nEOF\n", "FROM r/a:1\nRUN <<EOF\nFROM a\nEOF\n")]
    [InlineData("FROM a\nRUN echo 'ä 👍'\nCOPY --from=b / /\n", "FROM r/a:1\nRUN echo 'ä 👍'\nCOPY --from=r/b:1 / /\n")]
    public async Task All_other_characters_and_the_number_of_lines_stay(string text, string expected)
    {
        var judged = await RewriteAsync(text);

        Assert.Equal(expected, judged);
        Assert.Equal(text.Count(one => one == '\n'), judged.Count(one => one == '\n'));
    }

    [Theory]
    [InlineData("FROM al\\\npine\n")]
    [InlineData("FROM a\nCOPY --from=b\\c x y\n")]
    public async Task A_word_that_cannot_be_replaced_is_refused(string text)
    {
        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => RewriteAsync(text));

        Assert.Equal(FailureCode.DockerfileRefused, failure.Code);
        Assert.Contains("cannot be replaced", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("a\nb")]
    [InlineData("$a")]
    [InlineData("a\"")]
    [InlineData("a\\")]
    [InlineData("a,b")]
    [InlineData("")]
    public void A_word_that_means_more_than_itself_is_put_in_nowhere(string word) =>
        Assert.Throws<InvalidOperationException>(
            () => Rewriting.Apply("FROM x", [new JudgedWord(new TextSpan(5, 1), word)], hereDocuments: true));

    [Theory]
    [InlineData("FROM x\n", "FROM [2001:db8::1]:5/i:1\n")]
    [InlineData("FROM a\nCOPY --from=x / /\n", "FROM a\nCOPY --from=[2001:db8::1]:5/i:1 / /\n")]
    public void A_registry_may_be_an_address(string text, string expected) => Assert.Equal(
        expected,
        Rewriting.Apply(
            text, [new JudgedWord(new TextSpan(text.IndexOf('x', StringComparison.Ordinal), 1), "[2001:db8::1]:5/i:1")],
            hereDocuments: true));

    [Fact]
    public void A_text_that_would_be_read_otherwise_is_refused()
    {
        var flag = new JudgedWord(new TextSpan("FROM x\nADD ".Length, 1), "--chown=1");

        Assert.Equal(
            FailureCode.DockerfileRefused,
            Assert.Throws<DeploymentFailedException>(
                () => Rewriting.Apply("FROM x\nADD a b c\n", [flag], hereDocuments: true)).Code);
    }

    private static async Task<string> RewriteAsync(string text)
    {
        var references = await new Walker(text).WalkAsync();
        var words = references.Where(one => one.IsImage || one.Kind == ReferenceKind.AddUrl).Select(
            one => new JudgedWord(Rewriting.PlaceOf(one), one.IsImage ? $"r/{one.Value}:1" : "fetched"));
        return Rewriting.Apply(text, words, hereDocuments: true);
    }
}
