using Speed.Deployments;
using Speed.Dockerfiles;
using Xunit;

namespace Speed.Tests.Dockerfiles;

/// <summary>Drives nothing but a rule: what a Dockerfile says before it is built.</summary>
public sealed class DockerfileTests
{
    [Theory]
    [InlineData("FROM a", "a")]
    [InlineData("from a:1 as x", "a:1")]
    [InlineData("\uFEFF# comment\n\nFROM a", "a")]
    [InlineData("FROM a\r\nRUN b\r\n", "a")]
    [InlineData("FROM \\\n  a \\\n  AS x\nFROM x", "a")]
    [InlineData("# escape=`\nFROM `\n  a", "a")]
    [InlineData("#escape = `\n# syntax=x/y\nFROM a\nRUN b `\n  && FROM no", "a")]
    [InlineData("ARG V=1\nFROM a:$V", "a:1")]
    [InlineData("ARG V=1\nARG W=${V}0\nFROM a:${W}", "a:10")]
    [InlineData("ARG V\nFROM a:${V:-2}", "a:2")]
    [InlineData("ARG V=1\nFROM a:${V:-2}", "a:1")]
    [InlineData("ARG V=1\nFROM a${V:+:edge}", "a:edge")]
    [InlineData("ARG V\nFROM a${V:+:edge}", "a")]
    [InlineData("ARG V=\"1\" W='2'\nFROM a:$V$W", "a:12")]
    [InlineData("ARG V=${GIVEN:-${X:-3}}\nFROM a:$V", "a:3")]
    [InlineData("ARG GIVEN_V=1\nFROM a:$GIVEN_V", "a:given")]
    [InlineData("FROM --platform=$BUILDPLATFORM a", "a linux/amd64")]
    [InlineData("FROM --platform=linux/arm64 a AS b", "a linux/arm64")]
    [InlineData("FROM a-$TARGETARCH-$BUILDOS", "a-amd64-linux")]
    [InlineData("FROM scratch", "")]
    [InlineData("FROM a AS x\nFROM X", "X")]
    [InlineData("FROM a AS x\nFROM b\nCOPY --from=x /f /f", "a, b")]
    [InlineData("FROM a\nFROM b\nCOPY --from=0 /f /f", "a, b")]
    [InlineData("FROM a\nCOPY --chown=1 --from=c:2 /f /f", "a, c:2")]
    [InlineData("FROM a\nRUN --mount=type=bind,from=c,target=/c --mount=type=cache,target=/k make", "a, c")]
    [InlineData("FROM a AS x\nFROM b\nRUN --mount=from=x,target=/c make", "a, b")]
    [InlineData("FROM a\nRUN echo \\\n# FROM comment\n\n  FROM b", "a")]
    [InlineData("FROM a\nRUN <<EOF\nFROM b\nEOF\nRUN true", "a")]
    [InlineData("FROM a\nRUN cat <<-'one' <<two > /f\nFROM b\n\tone\nFROM c\ntwo\nCOPY --from=d /f /f", "a, d")]
    [InlineData("FROM a\nRUN echo $((1<<2))\nCOPY --from=d /f /f", "a, d")]
    [InlineData("FROM a\nONBUILD COPY --from=c /f /f", "a")]
    [InlineData("FROM unused\nFROM a", "a")]
    [InlineData("FROM a AS a\nFROM b AS b\nFROM a\n", "a")]
    [InlineData("FROM a\nCOPY --from=a /f /f\nFROM a", "a")]
    public async Task The_images_that_a_Dockerfile_needs_are_found(string text, string expected) =>
        Assert.Equal(expected, await ImagesInAsync(text, Builder.BuildKit));

    [Theory]
    [InlineData("FROM unused\nFROM a", "unused, a")]
    [InlineData("FROM a AS x\nFROM b", "a, b")]
    public async Task The_legacy_builder_needs_those_of_unused_stages_too(string text, string expected) =>
        Assert.Equal(expected, await ImagesInAsync(text, Builder.Legacy));

    [Theory]
    [InlineData("one", "a")]
    [InlineData("ONE", "a")]
    [InlineData("two", "a, b")]
    [InlineData(null, "c")]
    public async Task Only_what_the_target_needs_is_needed(string? target, string expected) => Assert.Equal(
        expected, await ImagesInAsync("FROM a AS one\nFROM one AS two\nCOPY --from=b / /\nFROM c", Builder.BuildKit, target));

    [Theory]
    [InlineData("FROM a\nRUN --network=host curl x")]
    [InlineData("FROM a\nRUN --mount=type=cache,target=/c \\\n --network=host curl x")]
    [InlineData("FROM a\nrun --security=insecure x")]
    [InlineData("FROM a\nONBUILD RUN --network=host x")]
    [InlineData("FROM a\nRUN true\nFROM b AS unused\nRUN --security=sandbox x\nFROM a")]
    public void A_step_gets_neither_the_host_s_network_nor_more_rights(string text)
    {
        var failure = Assert.Throws<DeploymentFailedException>(
            () => DockerfileRules.Check(Dockerfile.Parse(text).Instructions, "the Dockerfile"));

        Assert.Equal(FailureCode.DockerfileRefused, failure.Code);
    }

    [Theory]
    [InlineData("FROM a\nRUN --network=none make")]
    [InlineData("FROM a\nRUN --network=default make")]
    [InlineData("FROM a\nRUN echo --network=host")]
    public void Ordinary_steps_are_not_refused(string text) =>
        DockerfileRules.Check(Dockerfile.Parse(text).Instructions, "the Dockerfile");

    [Fact]
    public void Where_the_engine_knows_no_here_documents_their_lines_are_instructions()
    {
        const string Text = "FROM a\nRUN true <<CMD\nRUN --network=host x\nCMD\n";

        Assert.Throws<DeploymentFailedException>(() => DockerfileRules.Check(
            Dockerfile.Parse(Text, Dialect.Of(hereDocuments: false)[0]).Instructions, "the Dockerfile"));
    }

    [Theory]
    [InlineData("ARG V\nFROM $V", FailureCode.BuildFailed)]
    [InlineData("ARG V=1\nFROM a:${V%1}", FailureCode.DockerfileRefused)]
    [InlineData("FROM a:${V", FailureCode.DockerfileRefused)]
    public async Task A_base_that_cannot_be_resolved_is_a_failure(string text, FailureCode code)
    {
        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => ImagesInAsync(text, Builder.BuildKit));

        Assert.Equal(code, failure.Code);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("two")]
    public void A_number_is_no_target_nor_is_a_name_that_no_stage_has(string target) =>
        Assert.Null(Dockerfile.Parse("FROM a AS one\nFROM one").FindTarget(target));

    [Fact]
    public void Any_text_is_read_without_an_exception()
    {
        string[] texts = ["", "\n", "\\", "#", "# escape=", "FROM", "FROM a AS", "RUN <<", "COPY --from", "<<EOF", "ARG", "\"'"];

        Assert.All(texts, text => Dockerfile.Parse(text));
    }

    private static async Task<string> ImagesInAsync(string text, Builder builder, string? target = null)
    {
        var references = await new Walker(text)
        {
            BuildArgs = new() { ["GIVEN_V"] = "given" },
            Builder = builder,
            Target = target,
        }.WalkAsync();
        return string.Join(
            ", ",
            references.Where(reference => reference.IsImage)
                .Select(reference => $"{reference.Value} {reference.Platform}".TrimEnd())
                .Distinct());
    }
}
