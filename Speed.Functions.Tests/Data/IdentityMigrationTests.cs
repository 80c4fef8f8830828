using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Speed.Data;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>Drives real SQLite: what becomes of a repository that was as many as its spellings.</summary>
public sealed class IdentityMigrationTests : IDisposable
{
    private const int SchemaOfBefore = 13;
    private const string Plain = "https://git.example/team/app";
    private const string Dotted = "https://git.example/team/app.git";
    private const string Refused = "https://git.example/a//b.git";

    private readonly TempFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Two_services_of_what_is_one_repository_stay_up_with_their_names_until_a_newer_one_takes_their_place()
    {
        MakeOld(db =>
        {
            AddUp(db, 1, Plain);
            AddUp(db, 2, Dotted);
        });
        using var stores = Open();
        var services = stores.Deployments;

        var kept = await services.ListServicesAsync(Token);
        Assert.Equal([1, 2], kept.Select(one => one.Id));
        Assert.Equal(
            ["app-main-7cec99.localhost", "app-main-cda5de.localhost"], kept.SelectMany(one => one.OwnHosts));
        Assert.All(kept, one => Assert.Equal("app-main.localhost", one.BriefHost));
        Assert.All(kept, one => Assert.Equal("git.example/team/app", one.Identity.Text));

        // Started again, as after a restart of the engine.
        foreach (var one in kept)
        {
            var anew = await services.BeginRunAnewAsync(one.Claim, 0, Token);
            Assert.Empty((await services.AskToYieldAsync(anew!.Claim, [], Token))!);
            Assert.Equal(UpOutcome.Up, await services.BecomeUpAsync(anew.Claim, Token));
        }

        Assert.Equal([1, 2], (await services.ListServicesAsync(Token)).Select(one => one.Id));
        var newer = await RunAsync(stores.Deployments, "git@git.example:team/app.git");
        Assert.Equal(UpOutcome.Up, await services.BecomeUpAsync(newer.Claim, Token));

        var left = Assert.Single(await services.ListServicesAsync(Token));
        Assert.Equal(newer.Id, left.Id);
        Assert.Equal(["app-main-7cec99.localhost", "app-main-cda5de.localhost"], left.OwnHosts);
        Assert.Equal([1, 2], (await services.ListReplacedAsync(newer.Id, Token)).Select(one => one.Id));
    }

    [Fact]
    public async Task What_has_ended_gets_its_identity_and_an_address_that_is_refused_today_is_its_own()
    {
        MakeOld(db =>
        {
            AddUp(db, 1, Dotted);
            db.Run("UPDATE deployment SET status = 'Failed', phase = NULL, failure_code = 'INTERNAL', failure_message = 'm', "
                + "ended_at_ms = 9, log_closed_at_ms = 9, version = 4");
            AddUp(db, 2, Refused);
            Add(db, 3, Refused);
            Add(db, 4, "what is no address");
            db.Run("INSERT INTO deployment (worker_id, options, created_at_ms) VALUES ('00000000-0000-0000-0000-000000000009', '{}', 1)");
        });
        using var stores = Open();

        var identities = await stores.Deployments.Database.ReadAsync(
            db => db.All("SELECT identity FROM deployment ORDER BY id", row => row.Text()), Token);

        Assert.Equal(["git.example/team/app", Refused, Refused, "what is no address", ""], identities);
        var service = Assert.Single(await ((IServiceStore)stores.Deployments).ListServicesAsync(Token));
        Assert.Equal((2, "b-main-80333d.localhost"), (service.Id, Assert.Single(service.OwnHosts)));
        Assert.Equal("git.example/a//b", service.Identity.Target);
        var fault = await Assert.ThrowsAsync<SqliteException>(() => stores.Deployments.Database.WriteAsync(
            db => db.Run("UPDATE deployment SET identity = 'other' WHERE id = 2"), Token));
        Assert.Contains("does not change", fault.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<SqliteException>(() => stores.Deployments.Database.WriteAsync(
            db => db.Run("UPDATE deployment SET restarts = 1 WHERE id = 1"), Token));
    }

    [Fact]
    public async Task The_uses_of_an_image_by_all_spellings_become_one_and_the_latest_counts()
    {
        MakeOld(db =>
        {
            AddUp(db, 1, Plain);
            AddUp(db, 2, Dotted);
            AddUp(db, 3, "http://git.example/team/app");
        });
        using var stores = Open();

        var uses = await stores.Deployments.Database.ReadAsync(
            db => db.All(
                "SELECT identity, branch, image_id, deployment_id FROM image_use ORDER BY identity",
                row => (row.Text(), row.Text(), row.Text(), row.Long())),
            Token);

        Assert.Equal(
            [("git.example/team/app", "main", "sha256:1", 2), ("http://git.example/team/app", "main", "sha256:1", 3)], uses);
    }

    [Fact]
    public async Task A_service_of_before_goes_on_under_its_own_name_with_its_next_deployment()
    {
        MakeOld(db => AddUp(db, 1, Dotted));
        using var stores = Open();

        var next = await RunAsync(stores.Deployments, Plain);
        var other = await RunAsync(stores.Deployments, Plain, name: "worker");

        Assert.Equal(["app-main-cda5de.localhost"], next.OwnHosts);
        Assert.Matches("^app-main-worker-[a-z2-7]{26}\\.localhost$", Assert.Single(other.OwnHosts));
    }

    [Fact]
    public async Task A_name_that_another_service_has_already_gets_a_number()
    {
        using var stores = Open();
        var first = await RunAsync(stores.Deployments, Plain);
        var rival = (await RunAsync(stores.Deployments, Plain, name: "a")).OwnHosts[0];
        await stores.Deployments.Database.WriteAsync(
            db => db.Run($"UPDATE service_host SET name = 'rival' WHERE host = '{rival}'"), Token);

        var again = await RunAsync(stores.Deployments, Plain, name: "a");
        var later = await RunAsync(stores.Deployments, Plain, name: "a");

        Assert.Equal([rival.Replace(".localhost", "-2.localhost", StringComparison.Ordinal)], again.OwnHosts);
        Assert.Equal(again.OwnHosts, later.OwnHosts);
        Assert.Equal(first.OwnHosts, (await RunAsync(stores.Deployments, Dotted)).OwnHosts);
    }

    private SqliteStores Open() =>
        new(new StoreOptions { DataDirectory = _folder.FullPath }, new Bell(), TimeProvider.System);

    private static async Task<Deployment> RunAsync(DbManager store, string url, string name = "")
    {
        await store.AddAsync(new NewDeployment(SomeOptions.Of(url) with { Name = name }, null, 100), Token);
        var one = (await store.ClaimNextAsync("owner", Token))!;
        await store.EnterPhaseAsync(one.Claim, DeploymentPhase.Run, Token);
        Assert.True(await store.RecordKindAsync(one.Claim, DeploymentKind.Service, [], Token));
        return (await store.FindAsync(one.Id, Token))!;
    }

    private void MakeOld(Action<SqliteSession> fill)
    {
        using var db = SqliteSession.Open(
            Path.Combine(_folder.FullPath, "deployments.db"), SqliteOpenMode.ReadWriteCreate, TimeSpan.Zero);
        db.Run($"PRAGMA application_id = {0x53504544}");
        foreach (var name in typeof(Migrations).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith("deployments/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal).Take(SchemaOfBefore))
        {
            using var reader = new StreamReader(typeof(Migrations).Assembly.GetManifestResourceStream(name)!);
            db.Run(reader.ReadToEnd());
        }

        db.Run($"PRAGMA user_version = {SchemaOfBefore}");
        fill(db);
    }

    private static void Add(SqliteSession db, int id, string url) => db.Execute(
        """
        INSERT INTO deployment (worker_id, options, branch, created_at_ms)
        VALUES ($worker, $options, 'main', 1)
        """,
        ("$worker", string.Create(CultureInfo.InvariantCulture, $"00000000-0000-0000-0000-{id:d12}")),
        ("$options", OptionsOfBefore(url)));

    private static void AddUp(SqliteSession db, int id, string url)
    {
        Add(db, id, url);
        db.Run($"UPDATE deployment SET status = 'Running', phase = 'clone', attempt = 1, epoch = 1, owner = 'o', "
            + $"started_at_ms = 1, version = 2 WHERE id = {id}");
        db.Run($"UPDATE deployment SET phase = 'run', kind = 'service', image_id = 'sha256:1', up_at_ms = {id}, "
            + $"first_up_at_ms = {id}, version = 3 WHERE id = {id}");
    }

    private static string OptionsOfBefore(string url)
    {
        var options = JsonNode.Parse(CanonicalJson.Of(SomeOptions.Of(url)))!.AsObject();
        options.Remove("name");
        return options.ToJsonString();
    }
}
