using Speed.Deployments;
using Speed.Dockerfiles;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives nothing but a rule: a failed build is told with its cause, and with a way out where that was seen.</summary>
public sealed class BuildFailureTests
{
    private const string Solve = "failed to solve with frontend dockerfile.v0: failed to create LLB definition: ";

    private static readonly Engine Engine = new("20.10.24", new Version(1, 41), "linux", "amd64");

    [Theory]
    [InlineData("COPY --link a /b", "dockerfile parse error line 2: Unknown flag: link", "COPY on line 2 of the Dockerfile has the flag `--link`, which Docker 20.10.24 does not know.")]
    [InlineData("RUN --network=none x", "dockerfile parse error line 2: Unknown flag: network", "RUN on line 2 of the Dockerfile has the flag `--network`, which Docker 20.10.24 does not know.")]
    [InlineData("COPY --lnk a /b", "dockerfile parse error on line 2: unknown flag: --lnk (did you mean link?)", "has the flag `--lnk`, which Docker 20.10.24 does not know (did you mean link?).")]
    public void A_flag_that_the_engine_does_not_know_is_named_with_its_instruction(string line, string reason, string message)
    {
        var failure = Fail(Solve + reason, null, line);

        Assert.EndsWith(message, failure.Message, StringComparison.Ordinal);
        Assert.Contains("spelling", failure.Hint, StringComparison.Ordinal);
        Assert.Contains("# syntax=", failure.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "dockerfile parse error line 2: Unknown flag: link", "`--link`")]
    [InlineData("RUN --mount=type=cache,target=/c x", "the --mount option requires BuildKit. Refer to https://docs.example/ to learn how", "`--mount`")]
    public void The_legacy_builder_s_are_those_of_the_sandbox(string? step, string reason, string flag)
    {
        var failure = Fail(reason, step, "COPY --link a /b", Builder.Legacy);

        Assert.Contains($"the flag {flag}, which the legacy builder of Docker 20.10.24 does not know", failure.Message, StringComparison.Ordinal);
        Assert.Contains("standard sandbox", failure.Hint, StringComparison.Ordinal);
        Assert.DoesNotContain("update", failure.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("secret", "hands no secrets")]
    [InlineData("ssh", "hands no SSH keys")]
    public void What_no_builder_would_be_handed_is_no_matter_of_the_sandbox(string type, string word)
    {
        var failure = Fail("the --mount option requires BuildKit.", $"RUN --mount=type={type} x", "", Builder.Legacy);

        Assert.Contains(word, failure.Hint, StringComparison.Ordinal);
        Assert.DoesNotContain("sandbox", failure.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("failed to process \"${V#v}\": missing ':' in substitution", "`${V#v}`", "newer engine")]
    [InlineData("failed to process \"${V//a/b}\": missing ':' in substitution", "`${V//a/b}`", "newer engine")]
    [InlineData("failed to process \"${V-1}\": missing ':' in substitution", "`${V-1}`", "with a colon")]
    [InlineData("failed to process \"${V^}\": unsupported modifier (^) in substitution", "`${V^}`", "${name:-default}")]
    public void A_form_that_the_engine_does_not_know_is_named(string reason, string word, string wayOut)
    {
        var failure = Fail(Solve + reason, null, "ENV W=x");

        Assert.Contains($"Docker 20.10.24 does not know the form of {word}", failure.Message, StringComparison.Ordinal);
        Assert.Contains(wayOut, failure.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("failed to process \"${U:?please}\": U: please", null, "", "`ARG U`")]
    [InlineData("failed to process \"a/${U?}\": U: is not allowed to be unset", "COPY a/${U?} /x", "", "`ARG U`")]
    [InlineData("source can't be a URL for COPY", null, "COPY https://h/x /x", "Write ADD")]
    [InlineData("failed to compute cache key: \"/x\" not found: not found", "[2/2] COPY a /x --chown=1:1", "", "`COPY --chown=1:1 source destination`")]
    [InlineData("When using COPY with more than one source file, the destination must be a directory and end with a /", null, "COPY a /x --chown=1:1", "flags come first")]
    [InlineData("secret foo not found: not found", "RUN --mount=type=secret,id=foo,required cat", "", "hands no secrets")]
    [InlineData("no SSH key \"\" forwarded from the client", "RUN --mount=type=ssh,required true", "", "hands no SSH keys")]
    [InlineData("failed to compute cache key: \"/a\" not found: not found", "[2/2] COPY a /x", "", "build context")]
    [InlineData("failed to compute cache key: \"/a\" not found: not found", "COPY --from=one /a /x", "", "paths in `one`")]
    [InlineData("failed to compute cache key: \"/a\" not found: not found", "RUN --mount=type=bind,source=a,target=/a x", "", "RUN --mount")]
    public void A_cause_that_was_seen_has_its_way_out(string reason, string? step, string line, string wayOut) =>
        Assert.Contains(wayOut, Fail(reason, step, line).Hint, StringComparison.Ordinal);

    [Theory]
    [InlineData("failed to process \"${U}\": U: please", null)]
    [InlineData("unable to find group me: not found", "USER me")]
    [InlineData("secret foo not found", "RUN x")]
    [InlineData("When using COPY with more than one source file, the destination must be a directory and end with a /", null)]
    [InlineData("failed to compute cache key: broken", "COPY a /x")]
    public void Where_none_was_seen_nothing_is_guessed(string reason, string? step) =>
        Assert.Null(Fail(reason, step, "COPY a b /x").Hint);

    [Fact]
    public void Under_strict_an_address_is_not_said_to_be_fetched() => Assert.DoesNotContain(
        "ADD", Fail("COPY failed: source can't be a URL for COPY", "COPY https://h/x /x", "", Builder.Legacy).Hint, StringComparison.Ordinal);

    [Theory]
    [InlineData("RUN --mount=type=secret,id=foo cat /run/secrets/foo", "No secret is mounted")]
    [InlineData("RUN --mount=type=ssh git clone x", "No SSH agent")]
    public void A_step_that_fails_for_want_of_a_mount_is_told_that_there_is_none(string step, string word) => Assert.Contains(
        word, Fail("executor failed running: exit code: 1", step, "").Hint, StringComparison.Ordinal);

    [Theory]
    [InlineData("FROM --platform=linux/arm64 a\nRUN x", "FROM on line 1 asks for --platform=linux/arm64, and this machine is linux/amd64")]
    [InlineData("FROM --platform=$BUILDPLATFORM a\nRUN x", "made for linux/amd64")]
    [InlineData("FROM --platform=linux/amd64 a\nRUN x", "made for linux/amd64")]
    [InlineData("FROM a\nRUN x", "`#!`")]
    public void A_program_for_another_machine_is_told_with_the_platform_that_was_asked_for(string dockerfile, string wayOut)
    {
        var failure = BuildFailure.From(
            new FailedBuild("exit code: 1", "RUN x", Engine, Builder.BuildKit, Dockerfile.Parse(dockerfile)) { Signs = BuildSigns.ForeignProgram });

        Assert.Equal((FailureCode.BuildFailed, 1), (failure.Code, failure.ExitCode));
        Assert.Contains("exec format error", failure.Message, StringComparison.Ordinal);
        Assert.Contains(wayOut, failure.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 1, "It is empty")]
    [InlineData("# only a comment\n", 1, "It is empty")]
    [InlineData("FROM busybox # why\n", 1, "A comment cannot stand behind an instruction")]
    [InlineData("FROM busybox and more\n", 1, "`FROM image AS name`")]
    [InlineData("FROM\n", 1, "`FROM image`")]
    [InlineData("FROM a AS 0\n", 1, "Begin it with a letter")]
    [InlineData("RUN x\nFROM a\n", 1, "RUN stands before the first FROM")]
    [InlineData("# syntax=a\n# syntax=b\nFROM a\n", 2, "Keep one of the lines `# syntax=`")]
    [InlineData("# escape=`\n# escape=`\nFROM a\n", 2, "Keep one of the lines `# escape=`")]
    [InlineData("FROM a\nRUN <<EOF\nx\nEOF \n", 2, "`EOF` and nothing else")]
    [InlineData("FROM a\nCOPY b\n", 2, "where in the image")]
    public void What_is_no_Dockerfile_is_told_with_the_way_out(string text, int line, string wayOut)
    {
        var fault = Readings.Of(text, hereDocuments: true).Fault!;

        var failure = BuildFailure.From(fault, Engine, Builder.BuildKit, Dockerfile.Parse(text));

        Assert.Contains($"on line {line}: ", failure.Message, StringComparison.Ordinal);
        Assert.Contains(wayOut, failure.Hint, StringComparison.Ordinal);
    }

    private static DeploymentFailedException Fail(
        string reason, string? step, string line, Builder builder = Builder.BuildKit) => BuildFailure.From(
            new FailedBuild(reason, step, Engine, builder, Dockerfile.Parse($"FROM a\n{line}\n")));
}
