using System.Text.Json.Nodes;
using Speed.Data;
using Speed.Deployments;
using Speed.Tests.EndToEnd;
using Speed.Tests.Hooks;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>Deployments that are in the middle of something when the copy is made.</summary>
internal sealed partial class EarlierDataMaker
{
    private const string NoEnd = "trap '' TERM; echo begun; while true; do sleep 1; done";
    private const string OtherHost = "other-host:4711";

    // Gives the copy, and what the engine had while it was made.
    private async Task<(string Folder, JsonObject Engine)> LeaveOpenAsync()
    {
        var stays = await ServiceThatDoesNotEndAsync();
        var yields = await OnAFixedPortAsync();
        await InEachPhaseAsync();
        var canceled = await RunningAsync(NoEnd);
        var declared = await RunningAsync(NoEnd);

        // The seventh slot of seven, until it is up: that frees it for the next.
        var takesOver = await CreateAsync(
            "https://git.example/owner/stays.git",
            new { kind = "service", command = (string[])["sleep", "600"], health = new { command = (string[])["test", "-f", "/go"], interval_s = 1, start_s = 3_600 } });
        await _world.SeesLineAsync(takesOver, line => line.Contains("Starting the container", StringComparison.Ordinal));
        await WaitAsync();

        // From here on it is a matter of the ten seconds that a program has to end.
        await GoAsync(takesOver);
        await UpAsync(takesOver);
        await PostAsync($"/v1/deployments/{canceled}/cancel", new { reason = "in the middle of its run" }, 202);
        using (var answer = await App.UpdateAsync(declared, "Succeeded"))
        {
            Assert.True(answer.IsSuccessStatusCode);
        }

        var made = await PostAsync("/v1/backup", new { }, 201);
        var engine = await AskEngineAsync();
        var folder = SpeedApp.CopyOf(made.Json.Text("path"));
        foreach (var key in new[] { "secrets.key", "admin.key" })
        {
            File.Copy(Path.Combine(App.DataDirectory, key), Path.Combine(folder, key));
        }

        await CheckAsync(folder, stays, yields, canceled, declared);
        return (folder, engine);
    }

    private async Task<long> ServiceThatDoesNotEndAsync()
    {
        const string Url = "https://git.example/owner/stays.git";
        _addresses[Url] = _jobs.Url;
        var id = await CreateAsync(Url, new { kind = "service", command = (string[])["sh", "-c", NoEnd], health = new { command = (string[])["true"] } });
        await UpAsync(id);
        return id;
    }

    // The older one makes room for one that does not come up.
    private async Task<long> OnAFixedPortAsync()
    {
        const string Url = "https://git.example/owner/fixed.git";
        _addresses[Url] = (await _world.Git.CreateAsync("fixed", Services.Server("fixed"))).Url;
        var ports = new[] { new { container = 8080, host = FreePort.Find() } };
        var older = await CreateAsync(Url, new { ports });
        await UpAsync(older);
        var newer = await CreateAsync(Url, new { ports, health = new { command = (string[])["false"], start_s = 3_600 }, timeouts = new { start_s = 3_600 } });
        await _world.SeesLineAsync(newer, line => line.Contains("Starting the container", StringComparison.Ordinal));
        return older;
    }

    private async Task InEachPhaseAsync()
    {
        const string Silent = "https://git.example/owner/silent.git";
        _addresses[Silent] = $"{_silent.Url}/silent.git";
        await CreateAsync(Silent);
        await _silent.Hanging.WaitAsync(Now);

        const string Long = "https://git.example/owner/long.git";
        _addresses[Long] = (await _world.Git.CreateAsync(
            "long", r => r.File("Dockerfile", $"FROM busybox\nRUN echo begun {Guid.NewGuid()}; sleep 600\n"))).Url;
        var built = await CreateAsync(Long);
        await _world.SeesLineAsync(built, line => line.Contains("begun", StringComparison.Ordinal) && !line.Contains("RUN", StringComparison.Ordinal));

        await RunningAsync("echo begun; exec sleep 600", new { init = true, secrets = (string[])["A_KEY"] });
    }

    // All slots are taken.
    private async Task WaitAsync()
    {
        object another = new { init = true, labels = new { waits = "for another host" } };
        await ScriptAsync("exec sleep 600", another);
        var late = await CreateAsync(Jobs, new { timeouts = new { queue_s = 1 } });
        await EndAsync("Failed", late);
        var canceled = await CreateAsync(Jobs);
        await PostAsync($"/v1/deployments/{canceled}/cancel", new { reason = "before it began" });
        var led = await CreateAsync(Jobs);
        var done = await CreateAsync(Jobs);
        foreach (var (id, word) in new[] { (led, "Running"), (led, "a result of its leader"), (done, "Running"), (done, "Succeeded") })
        {
            using var answer = await App.UpdateAsync(id, word);
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Now));
        }

        // The first takes the slot that becomes free, if it comes to that; of the others, another host is to have taken five.
        for (var count = 0; count < 5; count++)
        {
            await CreateAsync(Jobs, another);
        }

        var pushed = await App.DeliverAsync(Payloads.GithubPush(Jobs, after: _jobs.Head));
        Assert.True(pushed.Decision() == "started", pushed.Text);
        await CreateAsync(App1, new { kind = "job", command = (string[])["echo", "waiting"] }, branch: null);
        await CreateAsync(Spellings[4], new { volumes = Data, hosts = (string[])["waiting.example.org"], clear_cache = true });
        await CreateAsync("https://git.example/owner/%2e%2e/jobs", new { volumes = Data }, key: "another key");
    }

    private async Task<JsonObject> AskEngineAsync()
    {
        var containers = new JsonArray();
        foreach (var name in await _world.ContainersAsync())
        {
            var told = JsonNode.Parse(await DockerCli.RunAsync("inspect", name))![0]!;
            containers.Add(new JsonObject
            {
                ["name"] = name,
                ["status"] = told["State"]!["Status"]!.DeepClone(),
                ["image"] = told["Image"]!.DeepClone(),
                ["labels"] = told["Config"]!["Labels"]!.DeepClone(),
                ["volumes"] = new JsonObject(told["Mounts"]!.AsArray()
                    .Where(mount => (string)mount!["Type"]! == "volume")
                    .Select(mount => KeyValuePair.Create((string)mount!["Destination"]!, mount["Name"]?.DeepClone()))),
                ["ports"] = told["HostConfig"]!["PortBindings"]?.DeepClone(),
            });
        }

        var volumes = await DockerCli.LinesAsync(
            "volume", "ls", "--quiet", "--filter", $"label=speed.instance={_world.Instance}");
        return new JsonObject
        {
            ["instance"] = _world.Instance,
            ["containers"] = containers,
            ["volumes"] = new JsonArray([.. volumes.Order().Select(volume => (JsonNode)volume)]),
        };
    }

    // It was fast enough.
    private static async Task CheckAsync(string folder, long stays, long yields, long canceled, long declared)
    {
        using var stores = OpenStores(folder);
        var store = stores.Deployments;
        var older = await store.FindAsync(stays, Now);
        Assert.True(older is { Status: DeploymentStatus.Running, SupersededBy: not null }, $"{older}");
        var waits = await store.FindAsync(yields, Now);
        Assert.True(waits is { Status: DeploymentStatus.Running, YieldsTo: not null }, $"{waits}");
        var stopping = await store.FindAsync(canceled, Now);
        Assert.True(stopping is { Status: DeploymentStatus.Running, Cancel: { ConfirmedAt: null } }, $"{stopping}");
        var said = await store.FindAsync(declared, Now);
        Assert.True(said is { Status: DeploymentStatus.Succeeded, LogClosedAt: null }, $"{said}");
    }

    // As a host that is gone has left them, one further than the other; nobody tells others of them any more.
    private static async Task AddAsAnotherHostAsync(string folder)
    {
        using var stores = OpenStores(folder);
        var (store, logs) = (stores.Deployments, stores.Logs);
        var commit = new string('c', 40);
        var image = "sha256:" + new string('d', 64);
        for (var far = 0; far < 5; far++)
        {
            var claimed = (await store.ClaimNextAsync(OtherHost, Now))!;
            Assert.Equal("for another host", claimed.Options.Labels["waits"]);
            await logs.OpenAsync(claimed.Id, Now);
            await logs.AppendAsync(claimed.Id, new LogChunk([LineOf(1, DeploymentPhase.Clone, "Cloning")], 8), Now);
            var done = far < 1 || await store.RecordCommitAsync(claimed.Claim, "main", commit, Now)
                && await store.EnterPhaseAsync(claimed.Claim, DeploymentPhase.Build, Now);
            done = far < 2 ? done : done && await store.RecordImageAsync(claimed.Claim, image, Now)
                && await store.EnterPhaseAsync(claimed.Claim, DeploymentPhase.Run, Now)
                && await store.RecordKindAsync(claimed.Claim, DeploymentKind.Job, [], Now);
            done = far < 3 ? done : done && await store.AskStartAsync(claimed.Claim, Now);
            Assert.True(done);
            if (far == 4)
            {
                await logs.AppendGapAsync(claimed.Id, new LogGap(2, 9, "SPEED was away", Bytes: null), Now);
                await logs.AppendAsync(claimed.Id, new LogChunk([LineOf(10, DeploymentPhase.Run, "after a gap")], 12), Now);
                Assert.Equal(CancelOutcome.Requested, await store.RequestCancelAsync(claimed.Id, "deployer", null, Now));
            }
        }

        Assert.True(await logs.RemoveLinesAsync(1, "older than 30 days", Now));
        Assert.NotEmpty(await store.ReadOutboxAsync(Now));
    }

    private static LogLine LineOf(long n, DeploymentPhase phase, string text) =>
        new(n, TimeProvider.System.GetUtcNow(), phase, LogStream.Speed, text, Continues: false);

    private static SqliteStores OpenStores(string folder) =>
        new(new StoreOptions { DataDirectory = folder }, new Bell(), TimeProvider.System);
}
