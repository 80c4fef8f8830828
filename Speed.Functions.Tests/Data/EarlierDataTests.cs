using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Speed.Data;
using Speed.Deployments;
using Speed.Security;
using Speed.Tests.EndToEnd;
using Speed.Tests.Hooks;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>Drives SPEED over HTTP: what it makes of the data directory of an earlier one.</summary>
public sealed class EarlierDataTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task There_is_data_of_the_first_program_and_SPEED_WRITE_EARLIER_DATA_adds_that_of_another()
    {
        await EarlierDataMaker.WriteIfAskedAsync();

        Assert.Contains(EarlierData.Commits, data => data.Data == EarlierData.First);
    }

    [Theory]
    [MemberData(nameof(EarlierData.Commits), MemberType = typeof(EarlierData))]
    public async Task Nothing_of_what_an_earlier_program_told_is_lost_or_changed(string commit)
    {
        using var data = await EarlierData.CopyAsync(commit);
        await using var app = await data.OpenStillAsync();

        var reads = await EarlierReading.ReadAsync(app);

        Assert.Empty(EarlierReading.FindLosses(data.Expected["reads"], reads));
        Assert.All(
            reads["deployments"]!.AsArray().Zip(reads["logs"]!.AsArray()).Where(one => (bool)one.First!["log"]!["complete"]!),
            one => Assert.Equal((string)one.First!["log"]!["sha256"]!, (string)one.Second!["text_sha256"]!));
    }

    [Fact]
    public async Task What_is_lost_or_changed_is_found_in_what_is_told_and_in_the_tables()
    {
        using var data = await EarlierData.CopyAsync();
        await using var app = await data.OpenStillAsync();
        var waits = data.Expected["reads"]!["deployments"]!.AsArray().Last(one => (string)one!["status"]! == "Pending")!["id"]!;
        using var canceled = await app.PostAsync($"/v1/deployments/{waits}/cancel", new { });
        await app.DeleteAsync("/v1/hooks/lab");

        var told = EarlierReading.FindLosses(data.Expected["reads"], await EarlierReading.ReadAsync(app)).ToList();
        var held = EarlierReading.FindLosses(data.Expected["rows"], EarlierReading.ReadRows(data.FullPath)).ToList();

        Assert.Contains(told, loss => loss.Contains("/status was \"Pending\"", StringComparison.Ordinal));
        Assert.Contains(told, loss => loss.StartsWith("/hooks/items", StringComparison.Ordinal));
        Assert.Contains(held, loss => loss.StartsWith("/deployments.deployment/", StringComparison.Ordinal));
        Assert.Contains(held, loss => loss.StartsWith("/deployments.event/", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(EarlierData.Commits), MemberType = typeof(EarlierData))]
    public async Task Nothing_of_what_its_tables_held_is_lost_or_changed_by_a_migration(string commit)
    {
        using var data = await EarlierData.CopyAsync(commit);
        Migrate(data);

        var rows = EarlierReading.ReadRows(data.FullPath);

        Assert.Empty(EarlierReading.FindLosses(EarlierReading.AsToday(data.Expected["rows"]!), rows));
    }

    [Theory]
    [MemberData(nameof(EarlierData.Commits), MemberType = typeof(EarlierData))]
    public async Task Its_tokens_let_in_whom_they_let_in_before_and_its_sessions_are_over(string commit)
    {
        using var data = await EarlierData.CopyAsync(commit);
        await using var app = await data.OpenStillAsync();
        app.Client.DefaultRequestHeaders.Authorization = null;
        var owners = new HashSet<string>();

        foreach (var item in (await app.AskAsync("GET", "/v1/deployments?limit=200", data.Known("tokens", "deployer")))
            .Json.GetProperty("items").EnumerateArray())
        {
            owners.Add(item.Text("url"));
        }

        Assert.Equal(200, await StatusAsync(data.Known("admin_key")));
        Assert.Equal(200, await StatusAsync(data.Known("tokens", "everything")));
        Assert.Equal(401, await StatusAsync(data.Known("tokens", "expired")));
        Assert.Equal(401, await StatusAsync(data.Known("tokens", "revoked")));
        Assert.Equal(401, await StatusAsync(null));
        Assert.Equal(401, await SignedInAsync("deployer"));
        Assert.Equal(401, await SignedInAsync("admin"));
        Assert.All(owners, url => Assert.Contains("owner/", url, StringComparison.OrdinalIgnoreCase));
        Assert.Contains("https://git.example/owner/app", owners);
        Assert.DoesNotContain(owners, url => url.Contains("127.0.0.1", StringComparison.Ordinal));

        async Task<int> StatusAsync(string? key) => (await app.AskAsync("GET", "/v1/session", key)).Status;

        async Task<int> SignedInAsync(string name)
        {
            var cookie = $"{AccessSettings.SessionCookie}={data.Known("sessions", name)}";
            return (await app.AskAsync("GET", "/v1/session", null, null, ("Cookie", cookie))).Status;
        }
    }

    [Theory]
    [MemberData(nameof(EarlierData.Commits), MemberType = typeof(EarlierData))]
    public async Task What_it_sealed_opens_with_its_key(string commit)
    {
        using var data = await EarlierData.CopyAsync(commit);
        await using var app = await data.OpenStillAsync();
        var vault = app.Services.GetRequiredService<SecretVault>();
        var receivers = app.Services.GetRequiredService<INotifications>();

        Assert.Empty(await vault.ListUnreadableAsync(Now));
        var taken = await TakeAsync(app, "https://git.example/owner/jobs.git", "A_KEY", "DATABASE_URL");
        foreach (var name in new[] { "A_KEY", "DATABASE_URL" })
        {
            Assert.Equal(data.Known("secrets", name), taken.Variables[name]);
        }

        Assert.Equal(data.Known("secrets", "forge"), taken.Git.Single(one => one.Name == "forge").Value);
        Assert.Equal(data.Known("secrets", "images"), taken.Registries.Single(one => one.Name == "images").Value);
        foreach (var (name, known) in data.Expected["known"]!["notifications"]!.AsObject().Where(one => one.Key != "dead"))
        {
            var receiver = await receivers.FindReceiverAsync(name, Now);
            Assert.Equal((string?)known!["url"], receiver?.Url);
        }

        var value = data.Known("secrets", "A_KEY");
        var holders = 0;
        foreach (var left in await app.Services.GetRequiredService<IDeploymentStore>().ListUnfinishedAsync(Now))
        {
            holders += await vault.MaskAsync(left.Id, value, Now) == "***" ? 1 : 0;
        }

        Assert.True(holders >= 2, $"{holders} still hold what they were given.");
    }

    [Theory]
    [MemberData(nameof(EarlierData.Commits), MemberType = typeof(EarlierData))]
    public async Task Its_hooks_know_their_secrets(string commit)
    {
        using var data = await EarlierData.CopyAsync(commit);
        await using var app = await data.OpenStillAsync();

        foreach (var (hook, secret) in data.Expected["known"]!["hooks"]!.AsObject())
        {
            Assert.Equal(202, (await PingAsync(hook, (string)secret!)).Status);
            Assert.Equal(401, (await PingAsync(hook, "another-secret-than-its-own")).Status);
        }

        Task<Answer> PingAsync(string hook, string secret) => app.DeliverRawAsync(
            "{}",
            [
                ("hook", hook), .. HookSender.Signed("{}", secret), ("X-Gitlab-Event", "Ping"), ("X-Gitea-Event", "ping"),
                ("X-Event-Key", "ping"), ("X-Hub-Signature", $"sha256={HookSender.Sign("{}", secret)}"),
            ]);
    }

    [Theory]
    [MemberData(nameof(EarlierData.Commits), MemberType = typeof(EarlierData))]
    public async Task A_client_that_repeats_its_request_gets_the_deployment_that_it_made_before(string commit)
    {
        using var data = await EarlierData.CopyAsync(commit);
        // What is not said of a build follows from the host's memory: this one is to be the same host.
        var memory = data.Expected["reads"]!["deployments"]![0]!["build_resources"]!["memory_mb"]!.ToJsonString();
        await using var app = await data.OpenStillAsync(("Speed__BuildResources__memory_mb", memory));
        var known = data.Expected["known"]!["idempotency"]!;
        var before = await app.CountDeploymentsAsync();

        var answer = await app.SendAsync(
            "/v1/deployments", known["body"]!.ToJsonString(), idempotencyKey: (string)known["key"]!);

        Assert.True(answer.Status == 201, answer.Text);
        Assert.Equal("true", answer.Headers["Idempotency-Replayed"]);
        Assert.Equal((long)known["id"]!, answer.Json.Id());
        Assert.Equal(before, await app.CountDeploymentsAsync());
    }

    [Theory]
    [MemberData(nameof(EarlierData.Commits), MemberType = typeof(EarlierData))]
    public async Task A_whole_start_takes_over_what_was_at_work_and_leaves_the_rest_as_it_was(string commit)
    {
        using var data = await EarlierData.CopyAsync(commit);
        await using var app = await data.OpenAwayAsync();
        var before = data.Expected["reads"]!["deployments"]!.AsArray().Select(one => one!).ToList();

        foreach (var cloned in before.Where(one => (string?)one["phase"] == "clone" && one["cancel"] is null))
        {
            await TakenOverAsync(app, cloned);
        }

        foreach (var left in before)
        {
            var now = await EarlierReading.ReadResourceAsync(app, (long)left["id"]!);
            Assert.Equal((string)left["status"]!, (string)now["status"]!);
            if (NobodyIsAtWork(left))
            {
                // Why it waits depends on the engine.
                left.AsObject().Remove("waiting");
                Assert.Empty(EarlierReading.FindLosses(left, now));
            }
        }
    }

    // Ended to its last line, waiting, or its leader's.
    private static bool NobodyIsAtWork(JsonNode deployment) =>
        (string)deployment["status"]! == "Pending"
        || (string)deployment["run_by"]! == "leader"
        || deployment["log"]!["sha256"] is not null;

    private static void Migrate(EarlierData data)
    {
        var options = new StoreOptions { DataDirectory = data.FullPath };
        using var directory = new DataDirectory(options);
        using var deployments = new DbManager(directory, options, new Bell(), data.Time);
        using var logs = new LogDatabase(directory, options, new Bell(), data.Time);
    }

    // As a deployment that begins now would be given them.
    private static async Task<DeploymentSecrets> TakeAsync(SpeedApp app, string url, params string[] names)
    {
        using var answer = await app.PostAsync("/v1/deployments", new { url, branch = "main", secrets = names });
        var id = (await answer.Content.ReadFromJsonAsync<JsonElement>(Now)).Id();
        var deployment = (await app.Services.GetRequiredService<IDeploymentStore>().FindAsync(id, Now))!;
        return await app.Services.GetRequiredService<SecretVault>().TakeAsync(deployment with { Attempt = 1 }, Now);
    }

    private static async Task TakenOverAsync(SpeedApp app, JsonNode left)
    {
        var (id, version) = ((long)left["id"]!, (long)left["version"]!);
        JsonElement now;
        do
        {
            now = await app.GetAsync($"/v1/deployments/{id}?wait=20&since={version}");
        }
        while (now.GetProperty("attempt").GetInt32() == (int)left["attempt"]!);

        Assert.Equal(("Running", "clone"), (now.Text("status"), now.Text("phase")));
    }
}
