using Docker.DotNet;
using Speed.Deployments;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives the real engine: BuildKit, of the standard sandbox.</summary>
public sealed class BuildKitTests() : ImageBuildTests(Sandbox.Standard)
{
    [Fact]
    public async Task A_stage_that_nothing_needs_is_not_built()
    {
        await using var world = await NewWorldAsync();

        await world.BuildAsync("FROM no-such-image-of-speed:1 AS unused\nRUN exit 1\nFROM busybox\nRUN echo built\n");

        Assert.DoesNotContain("exit 1", world.Recorded.Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Engine", "Both")]
    public async Task What_docker_build_knows_works()
    {
        await using var world = await NewWorldAsync();
        const string Dockerfile = """
            # syntax=docker/dockerfile:1
            ARG BASE=busybox
            FROM --platform=$BUILDPLATFORM ${BASE:-nothing} AS build
            ARG TARGETARCH
            RUN --mount=type=cache,target=/cache echo "for $TARGETARCH" | tee /cache/x /out
            FROM ${BASE}
            COPY --from=build --chmod=444 /out /out
            RUN --mount=type=bind,from=build,source=/out,target=/bound cat /bound && ls -l /out
            CMD cat /out
            """;

        var run = await world.RunAsync(world.NewDeployment(), await world.BuildAsync(Dockerfile, Anew));

        Assert.StartsWith("for ", run.Output.Stdout, StringComparison.Ordinal);
        Assert.Contains("-r--r--r--", world.Recorded.Text, StringComparison.Ordinal);
    }

    // The engine asks every second or so whether the session is well, and ends one that does not answer.
    [Fact]
    public async Task The_log_tells_every_step_and_its_end_in_plain_lines()
    {
        await using var world = await NewWorldAsync();
        const string Dockerfile = "FROM busybox\nRUN echo one; echo two; printf three\n";

        await world.BuildAsync(Dockerfile, options => options with { ClearCache = true });
        var first = world.Recorded.Lines;
        await world.BuildAsync(Dockerfile);
        var second = world.Recorded.Lines.Skip(first.Count).ToArray();

        var step = first.Single(line => line.Contains("[2/2] RUN echo one", StringComparison.Ordinal)).Split(' ')[0];
        var told = first.Where(line => line.StartsWith($"{step} ", StringComparison.Ordinal)).ToArray();
        Assert.Equal([$"{step} one", $"{step} two", $"{step} three"], told[1..4]);
        Assert.Matches("^#[0-9]+ DONE [0-9.]+s$", told[^1]);
        Assert.Contains(second, line => line.EndsWith(" CACHED", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Output_that_the_engine_clips_is_a_gap_not_silence()
    {
        await using var world = await NewWorldAsync();

        await world.BuildAsync("FROM busybox\nRUN seq 1 600000\n", options => options with { ClearCache = true });

        Assert.Contains(world.Recorded.Entries, entry => entry is LogGap);
    }

    [Fact]
    public async Task A_frontend_cannot_be_smuggled_in_as_a_build_argument()
    {
        await using var world = await NewWorldAsync();
        var deployment = world.NewDeployment(options => options with
        {
            BuildArgs = new Dictionary<string, string> { ["BUILDKIT_SYNTAX"] = "evil/frontend" },
        });

        var plan = await world.Runner.PlanAsync(deployment, new MemoryTree("FROM busybox"), DeploymentSecrets.None, world.Log, Token);

        await world.Log.FlushAsync();
        Assert.Empty(plan.BuildArgs);
        Assert.Contains(
            world.Recorded.Entries,
            entry => entry is LogLine line && line.Text.StartsWith("The build argument BUILDKIT_SYNTAX is left out", StringComparison.Ordinal));
    }
}

/// <summary>Drives the real engine: its older builder, of the strict sandbox.</summary>
public sealed class LegacyBuilderTests() : ImageBuildTests(Sandbox.Strict)
{
    [Theory]
    [InlineData("RUN true")]
    [InlineData("RUN exit 1")]
    public async Task Layers_that_are_no_part_of_the_image_do_not_stay(string end)
    {
        await using var world = await NewWorldAsync();
        var mark = $"mark {Guid.NewGuid()}";

        try
        {
            await world.BuildAsync(
                $"FROM busybox AS first\nRUN echo {mark} > /first\nFROM busybox\nCOPY --from=first /first /\n{end}\n");
        }
        catch (DeploymentFailedException) when (end.EndsWith('1'))
        {
        }

        var left = await world.AskAsync(client => client.Images.ListImagesAsync(new() { All = true }, Token));
        foreach (var image in left.Where(image => image.RepoTags is null or [] or ["<none>:<none>"]))
        {
            Assert.DoesNotContain(mark, await FindStepOfAsync(world, image.ID), StringComparison.Ordinal);
        }
    }

    // Empty where the image, which can be another test's, is gone by now.
    private static async Task<string> FindStepOfAsync(DockerWorld world, string image)
    {
        try
        {
            return (await world.AskAsync(client => client.Images.GetImageHistoryAsync(image, Token)))[0].CreatedBy;
        }
        catch (DockerImageNotFoundException)
        {
            return "";
        }
    }

    [Fact]
    [Trait("Engine", "Both")]
    public async Task A_step_that_takes_too_much_memory_is_stopped()
    {
        await using var world = await NewWorldAsync();

        var failure = await world.FailToBuildAsync(
            "FROM busybox\nRUN tail /dev/zero\n",
            options => options with { BuildResources = new BuildResources { MemoryMb = 32, Cpus = 1 } });

        Assert.Equal(FailureCode.OutOfMemory, failure.Code);
    }

    [Fact]
    public async Task What_it_does_not_know_is_said()
    {
        await using var world = await NewWorldAsync();

        var failure = await world.FailToBuildAsync("FROM busybox\nRUN --mount=type=cache,target=/c true\n");

        Assert.Equal(FailureCode.BuildFailed, failure.Code);
        Assert.Contains("legacy builder", failure.Message, StringComparison.Ordinal);
    }
}
