using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Speed.Deployments;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives the real engine: what was judged is what is built.</summary>
public sealed class JudgedBuildTests
{
    private const string Busybox = "docker.io/library/busybox:latest";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<Sandbox> Sandboxes => [Sandbox.Standard, Sandbox.Strict];

    [Theory]
    [MemberData(nameof(Sandboxes))]
    [Trait("Engine", "Both")]
    public async Task Images_and_stages_stand_by_their_names_in_what_the_engine_gets(Sandbox sandbox)
    {
        await using var world = await DockerWorld.CreateAsync(sandbox);
        const string Text = """
            # syntax=docker/dockerfile:1
            # escape=`
            ARG BASE="busy"box STAGE=one
            FROM `
              ${BASE} AS One
            ENV FILE=a.txt
            COPY "$FILE" /a
            FROM $STAGE
            ADD b-${FILE} "/b"
            COPY --from="busybox" /bin/true /c
            CMD cat /a /b
            """;
        var tree = new MemoryTree(Text).Add("a.txt", "a").Add("b-a.txt", "b");
        var deployment = world.NewDeployment();

        var plan = await world.Runner.PlanAsync(deployment, tree, DeploymentSecrets.None, world.Log, Token);
        var run = await world.RunAsync(deployment, await world.BuildAsync(deployment, tree));

        Assert.Equal(
            Text.Replace("# syntax=docker/dockerfile:1\n# escape=`\n", "# escape=`\n\n", StringComparison.Ordinal)
                .Replace("  ${BASE} AS One", $"  {Busybox} AS One", StringComparison.Ordinal)
                .Replace("FROM $STAGE", "FROM one", StringComparison.Ordinal)
                .Replace("b-${FILE}", "b-a.txt", StringComparison.Ordinal)
                .Replace("--from=\"busybox\"", $"--from=\"{Busybox}\"", StringComparison.Ordinal),
            plan.DockerfileText);
        Assert.Equal("ab", run.Output.Stdout);
        Assert.Equal([(4, Busybox), (10, Busybox)], plan.Sources.Select(source => (source.Line, source.Name)));
        Assert.All(plan.Sources, source => Assert.StartsWith("sha256:", source.ImageId, StringComparison.Ordinal));
        Assert.Contains($"`${{BASE}}` on line 4 of the Dockerfile is {Busybox}, image sha256:", world.Recorded.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_former_key_is_what_the_key_was()
    {
        await using var world = await DockerWorld.CreateAsync();
        const string Text = "# syntax=x\nFROM busybox AS one\nFROM busybox\nCOPY --from=one /bin /b\n";
        var tree = new MemoryTree(Text);
        var deployment = world.NewDeployment(options => options with { BuildArgs = new Dictionary<string, string> { ["A"] = "1" } });

        var plan = await world.Runner.PlanAsync(deployment, tree, DeploymentSecrets.None, world.Log, Token);

        var former = JsonSerializer.Serialize(new
        {
            Tree = tree.TreeId,
            Dockerfile = "Dockerfile",
            DockerfileSha256 = BuildKey.Sha256("\nFROM busybox AS one\nFROM busybox\nCOPY --from=one /bin /b\n"),
            Target = (string?)null,
            BuildArgs = new Dictionary<string, string> { ["A"] = "1" },
            BaseImages = new[] { await world.BusyboxAsync() },
            Platform = "linux/amd64",
            Builder = "BuildKit",
        });
        Assert.Equal(BuildKey.Sha256(former), plan.FormerKey);
        Assert.NotEqual(plan.FormerKey, plan.Key);
    }

    [Theory]
    [InlineData("ADD ht${X}tp://HOST/secret /x")]
    [InlineData("ADD [\"http\\u003a//HOST/secret\", \"/x\"]")]
    [InlineData("ADD [\"http://HOST/secret\", \"/x\"] more")]
    [InlineData("ADD x\\\" http://HOST/secret \\\" /x/")]
    [InlineData("RUN echo a \\\u00A0\nADD http://HOST/secret /x")]
    [InlineData("ADD \uFEFFhttp://HOST/secret /x")]
    [InlineData("ADD HOST/secret.git /x")]
    [InlineData("COPY --fr\\om=HOST/img:1 /a /b")]
    [InlineData("COPY --from=HOST/img:1 /a /b")]
    [InlineData("RUN --mount=\"type=bind,from=HOST/img:1,target=/x\" true")]
    [InlineData("ENV U=http://HOST/secret\nARG V=${U}\nADD $V /x")]
    [InlineData("FROM scratch AS s\nONBUILD ADD http://HOST/secret /x\nFROM s")]
    public async Task Nothing_is_asked_of_the_network_of_the_host(string lines)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var host = listener.LocalEndpoint.ToString()!;
        foreach (var sandbox in new[] { Sandbox.Standard, Sandbox.Strict })
        {
            await using var world = await DockerWorld.CreateAsync(sandbox);

            var failure = await world.FailToBuildAsync(
                $"FROM busybox\n{lines.Replace("HOST", host, StringComparison.Ordinal)}\n");

            Assert.Equal("user", failure.Code.Fault);
            Assert.Contains(" on line ", failure.Message, StringComparison.Ordinal);
        }

        Assert.False(listener.Pending());
    }

    [Theory]
    [InlineData("version: '3'\nservices:\n  web:\n    image: busybox\n", "unknown instruction: version:")]
    [InlineData("#!/bin/sh\nfrom busybox\necho hello\n", "unknown instruction: echo")]
    [InlineData("//syntax=evil/frontend\nFROM busybox\n", "unknown instruction: //syntax=evil/frontend")]
    [InlineData("{\"syntax\": \"evil/frontend\"}", "unknown instruction")]
    [InlineData("FROM busybox\nADD [1]\n", "arrays must be comprised of strings only")]
    public async Task What_is_no_Dockerfile_fails_in_the_engine_s_words_before_anything_is_asked(string text, string reason)
    {
        await using var world = await DockerWorld.CreateAsync();

        var failure = await world.FailToBuildAsync(text);

        Assert.Equal(FailureCode.BuildFailed, failure.Code);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Pull", world.Recorded.Text, StringComparison.Ordinal);
    }
}
