using System.Collections.Concurrent;
using System.Formats.Tar;
using System.Net;
using System.Net.Sockets;
using Speed.Deployments;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives the real engine and real HTTP: ADD of addresses, with the engine's own build of the same text as judge.</summary>
public sealed class AddTests : IAsyncLifetime
{
    private const string List =
        "cd /; find x tmp y -type f 2>/dev/null | sort | while IFS= read -r f; do stat -c '%n %a %u:%g %Y' -- \"$f\"; sha256sum < \"$f\"; done; "
        + "find all x -type d 2>/dev/null | sort | xargs -r stat -c '%n %a %u:%g'; find all -type f 2>/dev/null | sort";

    private readonly ConcurrentQueue<string> _agents = [];
    private readonly TcpListener _private = new(IPAddress.Loopback, 0);
    private string _text = "hello";
    private ScriptedServer _server = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private int PrivatePort => ((IPEndPoint)_private.LocalEndpoint).Port;

    public ValueTask InitializeAsync()
    {
        _private.Start();
        _server = new ScriptedServer(AnswerAsync);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _private.Dispose();
    }

    [Theory]
    [InlineData("ADD {0}a.txt /x/1/\nADD {0}a.txt /x/named\nADD {0}a.txt /tmp\nADD {0}a.txt y\nADD {0}t.tar /x/2/\nADD {0}t.tar.gz /x/3")]
    [InlineData("ADD {0}dir/ /x/\nADD {0} /x/\nADD {0}?q=/z /x/1\nADD {0}a%20b%24c%2A /x/\nADD {0}%C3%BC /tmp\nADD {0}-a%0Ab /x/2/")]
    [InlineData(@"ADD {0}d/a\\b /x/" + "\n" + @"ADD [""{0}d/c\\d%5Ce"", ""/x/1/""]" + "\nADD {0}d/%2e%2e/f /x/2/")]
    [InlineData("ADD {0}moved /x/\nADD {0}undated /x/\nADD {0}a.txt {0}b.txt {0}t.tar /x/1/\nADD [\"{0}a.txt\", \"{0}b%20c\", \"/x/a b/\"]")]
    [InlineData("ADD --chown=1000:1001 {0}a.txt /x/new/\nADD --chown=daemon {0}a.txt /x/\nADD {0}a.txt /y\nCOPY . /all")]
    [InlineData("ARG AT={0}\nARG NAME=a\nADD $AT${{NAME}}.txt /x/\nENV D /x/y/\nADD {0}b.txt $D\nWORKDIR /x\nADD {0}a.txt .\nADD {0}t.tar sub/")]
    [InlineData("FROM busybox AS first\nadd  \t{0}a.txt \\\n  # between\n  /x/\nADD {0}b.txt /x/\nFROM busybox\nCOPY --from=first /x /x")]
    [Trait("Engine", "Both")]
    public async Task The_image_has_what_the_engine_itself_would_put_there_and_the_engine_asks_for_nothing(string lines)
    {
        await using var world = await NewWorldAsync();
        var tree = new MemoryTree(DockerfileOf(lines)).Add("one", "1").Add("d/two", "2");

        var judged = await ListAsync(world, await world.BuildByEngineAsync(tree));
        Assert.All(_agents, agent => Assert.StartsWith("Go-http-client", agent, StringComparison.Ordinal));
        Assert.NotEmpty(_agents);
        _agents.Clear();
        var made = await ListAsync(world, await world.BuildAsync(world.NewDeployment(), tree));

        Assert.Contains("x/", judged, StringComparison.Ordinal);
        Assert.Equal(judged, made);
        Assert.All(_agents, agent => Assert.Equal("SPEED", agent));
        Assert.NotEmpty(_agents);
    }

    [Theory]
    [InlineData("ADD --chmod=755 {0}a.txt /x/\nADD --checksum=sha256:{1} {0}a.txt /x/1/")]
    [InlineData("ARG SUM={1}\nADD --chmod=440 --checksum=sha256:$SUM --link {0}a.txt /x/")]
    [InlineData("ADD --keep-git-dir=true {0}a.txt /x/\nADD --keep-git-dir {0}b.txt /x/")]
    [Trait("Engine", "Both")]
    public async Task Flags_of_newer_engines_do_what_they_do_there(string lines)
    {
        await using var world = await NewWorldAsync();
        var tree = new MemoryTree(DockerfileOf(lines));
        var isNewer = (await world.DescribeAsync()).HasHereDocuments;
        if (!isNewer && lines.Contains("--link", StringComparison.Ordinal))
        {
            Assert.Equal(FailureCode.BuildFailed, (await FailAsync(world, tree)).Code);
            return;
        }

        var made = await ListAsync(world, await world.BuildAsync(world.NewDeployment(), tree));

        // An older one knows them not at all, or passes over them.
        var expected = isNewer ? await ListAsync(world, await world.BuildByEngineAsync(tree)) : null;
        Assert.Contains("x/a.txt", made, StringComparison.Ordinal);
        Assert.Equal(expected ?? made, made);
        Assert.Equal(lines.Contains("755", StringComparison.Ordinal), made.Contains("x/a.txt 755", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--unpack=false", true)]
    [InlineData("--unpack=False --chmod=600", true)]
    [InlineData("--unpack", false)]
    [InlineData("--unpack=true", false)]
    [InlineData("--unpack=no", false)]
    [InlineData("--parents", false)]
    public async Task Nothing_is_unpacked_and_who_says_so_may(string flags, bool isTaken)
    {
        await using var world = await NewWorldAsync();
        var tree = new MemoryTree(DockerfileOf($"ADD {flags} {{0}}t.tar /x/"));

        if (isTaken)
        {
            Assert.Contains("x/t.tar 600", await ListAsync(world, await world.BuildAsync(world.NewDeployment(), tree)), StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal(FailureCode.DockerfileRefused, (await FailAsync(world, tree)).Code);
        }
    }

    [Theory]
    [InlineData("COPY . /all", true)]
    [InlineData("RUN --mount=type=cache,target=/c true", false)]
    [InlineData("ADD {0}a.txt /x/", false)]
    [InlineData("FROM busybox AS other\nADD {0}a.txt /x/\nFROM busybox\nCOPY --from=other /x /x", false)]
    public async Task An_image_of_a_former_key_counts_only_where_that_told_all_that_is_in_it(string lines, bool counts)
    {
        await using var world = await NewWorldAsync();
        await using var plan = await world.Runner.PlanAsync(
            world.NewDeployment(), new MemoryTree(DockerfileOf(lines)), DeploymentSecrets.None, world.Log, Now);

        Assert.Equal(counts, plan.FormerKey is not null);
    }

    [Theory]
    [InlineData("a.txt")]
    [InlineData("none.txt")]
    public async Task A_login_in_an_address_is_seen_nowhere(string file)
    {
        const string Password = "pass-w0rd-of-me";
        await using var world = await NewWorldAsync();
        var lines = DockerfileOf($"ADD {{0}}{file} /x/").Replace("http://", $"http://me:{Password}@", StringComparison.Ordinal);
        var seen = "";

        var fault = await Record.ExceptionAsync(async () =>
        {
            await using var plan = await world.Runner.PlanAsync(
                world.NewDeployment(), new MemoryTree(lines), DeploymentSecrets.None, world.Log,
                TestContext.Current.CancellationToken);
            seen = plan.DockerfileText + string.Join('\n', plan.Sources);
        });

        await world.Log.FlushAsync();
        var told = $"{seen}{fault?.Message}{(fault as DeploymentFailedException)?.Hint}{world.Recorded.Text}";
        Assert.Contains("//***@", told, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_checksum_that_is_wrong_fails_the_build_on_every_engine()
    {
        await using var world = await NewWorldAsync();

        var failure = await FailAsync(
            world, new MemoryTree(DockerfileOf($"ADD --checksum=sha256:{new string('0', 64)} {{0}}a.txt /x/")));

        Assert.Equal(FailureCode.BuildFailed, failure.Code);
        Assert.Contains("checksum", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ADD http://127.0.0.1:{2}/x /x/")]
    [InlineData("ADD {0}inside /x/")]
    [InlineData("ADD {0}a.txt http://127.0.0.1:{2}/x /x/")]
    [InlineData("ARG X\nADD ht${{X}}tp://127.0.0.1:{2}/secret /x")]
    [InlineData("ADD [\"http\\u003a//127.0.0.1:{2}/secret\", \"/x\"]")]
    [InlineData("ADD x\\\" http://127.0.0.1:{2}/secret \\\" /x/")]
    [InlineData("RUN echo a \\\u00a0\nADD http://127.0.0.1:{2}/secret /x")]
    [InlineData("ADD https://user@127.0.0.1:{2}/x /x/")]
    [InlineData("ADD http://[::ffff:127.0.0.1]:{2}/x /x/")]
    [InlineData("FROM busybox AS base\nONBUILD ADD http://127.0.0.1:{2}/x /x/\nFROM base")]
    [Trait("Engine", "Both")]
    public async Task Nobody_comes_to_a_private_address(string lines)
    {
        await using var world = await NewWorldAsync();

        var failure = await FailAsync(world, new MemoryTree(DockerfileOf(lines)));

        Assert.Equal(FailureCode.DockerfileRefused, failure.Code);
        Assert.False(_private.Pending());
    }

    [Theory]
    [InlineData("ADD {0}a.txt one /x/", "two ADD")]
    [InlineData("ADD --unpack=true {0}t.tar /x/", "--unpack")]
    [InlineData("ADD --checksum=sha256:{1} {0}a.txt {0}b.txt /x/", "checksum")]
    [InlineData("ADD --checksum=md5:{1} {0}a.txt /x/", "sha256")]
    [InlineData("ADD --checksum=$NONE {0}a.txt /x/", "sha256")]
    [InlineData("ADD {0}r.git /x/", "Git")]
    [InlineData("ADD git://127.0.0.1/r /x/", "Git")]
    [InlineData("ADD git@127.0.0.1:r /x/", "Git")]
    [Trait("Engine", "Both")]
    public async Task What_cannot_be_had_is_refused_with_the_way_out(string lines, string word)
    {
        await using var world = await NewWorldAsync();

        var failure = await FailAsync(world, new MemoryTree(DockerfileOf(lines)).Add("one", "1"));

        Assert.Equal(FailureCode.DockerfileRefused, failure.Code);
        Assert.Contains("line 2", failure.Message, StringComparison.Ordinal);
        Assert.Contains(word, $"{failure.Message} {failure.Hint}", StringComparison.Ordinal);
        Assert.Empty(_agents);
    }

    [Fact]
    public async Task An_argument_without_a_value_is_named_where_the_address_leads_nowhere()
    {
        await using var world = await NewWorldAsync();

        var failure = await FailAsync(world, new MemoryTree(DockerfileOf("ARG VERSION\nADD {0}missing/$VERSION /x/")));

        Assert.Equal(FailureCode.BuildFailed, failure.Code);
        Assert.Contains("`VERSION` is without a value", failure.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Under_strict_nothing_is_fetched_whoever_is_named()
    {
        await using var world = await NewWorldAsync(Sandbox.Strict);

        var failure = await FailAsync(world, new MemoryTree(DockerfileOf("ADD {0}a.txt /x/")));

        Assert.Equal(FailureCode.DockerfileRefused, failure.Code);
        Assert.Empty(_agents);
    }

    [Fact]
    public async Task Another_content_is_another_image_and_the_same_one_is_not()
    {
        await using var world = await NewWorldAsync();
        var tree = new MemoryTree(DockerfileOf("ADD {0}a.txt /x/"));

        var (first, again) = (await KeyAsync(), await KeyAsync());
        _text = "other";
        var other = await KeyAsync();

        Assert.Equal(first, again);
        Assert.NotEqual(first, other);

        async Task<string> KeyAsync()
        {
            await using var plan = await world.Runner.PlanAsync(
                world.NewDeployment(), tree, DeploymentSecrets.None, world.Log, Now);
            Assert.Equal("a.txt", Assert.Single(plan.Fetched).Name);
            Assert.Equal(
                new BuildSource(2, $"{_server.Address}a.txt", $"{_server.Address}a.txt", $"sha256:{BuildKey.Sha256(_text)}"),
                plan.Sources[^1]);
            Assert.Matches(
                $@"^FROM [^\n]+\nCOPY --from=speed-{world.Instance}-added:[0-9a-f]{{64}} 0/a\.txt /x/\n$", plan.DockerfileText);
            return plan.Key;
        }
    }

    private static Task<DeploymentFailedException> FailAsync(DockerWorld world, MemoryTree tree) =>
        Assert.ThrowsAsync<DeploymentFailedException>(() => world.BuildAsync(world.NewDeployment(), tree));

    private static async Task<string> ListAsync(DockerWorld world, string image) =>
        (await world.RunAsync(world.NewScript(List), image)).Output.Stdout;

    // {0}: the server's address, {1}: the checksum of a.txt, {2}: the port where nobody may come.
    private string DockerfileOf(string lines)
    {
        var text = string.Format(
            null, lines, _server.Address, BuildKey.Sha256(_text), PrivatePort);
        return (text.StartsWith("FROM", StringComparison.Ordinal) ? "" : "FROM busybox\n") + text + "\n";
    }

    private Task<DockerWorld> NewWorldAsync(Sandbox sandbox = Sandbox.Standard) => DockerWorld.CreateAsync(
        sandbox, change: options => options with { AllowedHosts = new HostList([new Uri(_server.Address).Authority]) });

    private async Task AnswerAsync(HttpListenerContext context)
    {
        _agents.Enqueue(context.Request.UserAgent ?? "");
        var path = context.Request.Url!.AbsolutePath;
        if (path != "/undated")
        {
            context.Response.Headers["Last-Modified"] = "Wed, 21 Oct 2015 07:28:00 GMT";
        }

        context.Response.Headers["Content-Disposition"] = "attachment; filename=\"other\"";
        if (path is "/moved" or "/inside")
        {
            context.Response.StatusCode = 302;
            context.Response.Headers["Location"] = path == "/moved" ? "/a.txt" : $"http://127.0.0.1:{PrivatePort}/";
            context.Response.Close();
        }
        else if (path.StartsWith("/t.tar", StringComparison.Ordinal))
        {
            await context.Response.OutputStream.WriteAsync(Archive());
            context.Response.Close();
        }
        else
        {
            await ScriptedServer.SayAsync(context, path.StartsWith("/missing", StringComparison.Ordinal) ? 404 : 200, path == "/a.txt" ? _text : path);
        }
    }

    private static byte[] Archive()
    {
        using var bytes = new MemoryStream();
        using (var tar = new TarWriter(bytes, TarEntryFormat.Gnu, leaveOpen: true))
        {
            tar.WriteEntry(new GnuTarEntry(TarEntryType.RegularFile, "unpacked")
            {
                DataStream = new MemoryStream("inside"u8.ToArray()),
                ModificationTime = DateTimeOffset.UnixEpoch,
            });
        }

        return bytes.ToArray();
    }
}
