using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Speed.Hooks;
using Speed.Tests.Data;
using Speed.Tests.EndToEnd;
using Xunit;

namespace Speed.Tests.Hooks;

/// <summary>Drives SPEED over HTTP: what forges send, each delivery with what has to follow from it.</summary>
public sealed class DeliveryCorpusTests(DeliveryCorpusTests.Idle idle) : IClassFixture<DeliveryCorpusTests.Idle>
{
    private static readonly string Folder =
        Path.Combine(ArchitectureTests.Root, "Speed.Functions.Tests", "Hooks", "Deliveries");

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public static TheoryData<string> Deliveries => [.. Directory.GetDirectories(Folder)
        .SelectMany(Directory.GetDirectories)
        .Select(folder => Path.GetRelativePath(Folder, folder))
        .Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Deliveries))]
    public async Task A_delivery_has_the_consequences_that_are_written_down(string folder)
    {
        var delivery = WrittenDelivery.Read(Path.Combine(Folder, folder));
        var hook = folder.Replace(Path.DirectorySeparatorChar, '-');
        await idle.App.SendAsync("/v1/hooks", delivery.HookBody(hook));
        var live = await StartAsync(hook, delivery);

        var answer = await idle.App.DeliverRawAsync(delivery.Body, [.. delivery.Headers(), ("hook", hook)]);
        var records = (await idle.App.GetAsync($"/v1/hooks/{hook}/deliveries")).GetProperty("items").EnumerateArray()
            .Where(record => record.Text("event") != "before").Reverse().ToList();

        Assert.Equal(delivery.Expected.Status, answer.Status);
        Assert.Equal(delivery.Expected.Records, records.Select(record => Shown(record, live.Values)));
        foreach (var (branch, id) in live)
        {
            var status = (await idle.App.GetDeploymentAsync(id)).Text("status");
            Assert.Equal((branch, delivery.Expected.Canceled.Contains(branch)), (branch, status == "Canceled"));
        }

        var started = new List<StartedDeployment>();
        foreach (var record in records.Where(record => record.Text("decision") == "started"))
        {
            var deployment = await idle.App.GetDeploymentAsync(record.GetProperty("deployment_id").GetInt64());
            started.Add(new StartedDeployment(deployment.Text("url"), deployment.Text("branch"), deployment.Text("commit")));
        }

        Assert.Equal(delivery.Expected.Started, started);
    }

    [Fact]
    public void There_are_sixty_of_the_four_forges()
    {
        var forges = Deliveries.Select(row => row.Data.Split(Path.DirectorySeparatorChar)[0]).ToList();

        Assert.InRange(forges.Count, 60, int.MaxValue);
        Assert.Equal(["bitbucket", "gitea", "github", "gitlab"], forges.Distinct().Order());
    }

    // Numbers of deployments are not known before.
    private static WrittenRecord Shown(JsonElement record, IEnumerable<long> ids) => new(
        record.Text("decision"), record.Text("event"), record.Text("forge_id"),
        ids.Aggregate(record.Text("reason"), (text, id) => text.Replace($"deployment {id} ", "deployment {id} ", StringComparison.Ordinal)));

    // What pushes of these branches started before.
    private async Task<Dictionary<string, long>> StartAsync(string hook, WrittenDelivery delivery)
    {
        var store = idle.App.Services.GetRequiredService<IHookStore>();
        var live = new Dictionary<string, long>();
        foreach (var branch in delivery.Live)
        {
            var wanted = new NewDeployment(SomeOptions.Of(delivery.Url) with { Branch = branch }, null, MaxQueued: 10_000);
            var (record, _) = await store.StartAsync(
                new NewHookDelivery(hook, null, "before", "{}"u8.ToArray()), "pushed before", wanted, Now);
            live[branch] = record!.DeploymentId!.Value;
        }

        return live;
    }

    /// <summary>One SPEED for all of them, which starts nothing.</summary>
    public sealed class Idle : IAsyncLifetime
    {
        public SpeedApp App { get; private set; } = null!;

        public async ValueTask InitializeAsync() => App = await SpeedApp.OpenIdleAsync(
            new() { ["Speed__Git__AllowedSchemes"] = "https,ssh" });

        public ValueTask DisposeAsync() => App.DisposeAsync();
    }
}
