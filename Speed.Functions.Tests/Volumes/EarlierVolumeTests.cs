using System.Text.Json.Nodes;
using Speed.Data;
using Speed.Deployments;
using Speed.Tests.Data;
using Speed.Tests.Runners;
using Xunit;

namespace Speed.Tests.Volumes;

/// <summary>Drives real SQLite: services of the kept data directories find their volumes, and none is superseded.</summary>
public sealed class EarlierVolumeTests : IDisposable
{
    private readonly ScriptedEngine _engine = new();
    private SqliteStores? _stores;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public void Dispose() => _stores?.Dispose();

    [Theory]
    [MemberData(nameof(EarlierData.Commits), MemberType = typeof(EarlierData))]
    public async Task Every_service_that_is_up_keeps_the_volumes_that_its_container_mounts(string commit)
    {
        using var data = await EarlierData.CopyAsync(commit);
        var store = Open(data);
        var superseded = data.Expected["reads"]!["deployments"]!.AsArray()
            .ToDictionary(one => (long)one!["id"]!, one => (long?)one!["superseded_by"]);
        var mounted = await PutOnEngineAsync(data.Expected["engine"]!, store);

        var (volumes, list) = Volumes(store);
        await volumes.SettleAsync(Now);

        foreach (var (id, engineNames) in mounted)
        {
            await using var log = await DeploymentLog.OpenAsync(id, new MemoryLogStore(), TimeProvider.System, Now);
            var mounts = await volumes.MountAsync((await store.FindAsync(id, Now))!, log, Now);
            Assert.Equal(engineNames.Order(), mounts.Select(mount => mount.EngineName).Order());
            Assert.Equal(superseded[id], (await store.FindAsync(id, Now))!.SupersededBy);
        }

        Assert.NotEmpty(mounted);
        Assert.DoesNotContain(await list.ReadAsync(Now), volume => volume.State == VolumeState.Unowned);
    }

    // All that the engine had: every volume, and each container with what it mounted. Gives those that had some.
    private async Task<Dictionary<long, string[]>> PutOnEngineAsync(JsonNode engine, DbManager store)
    {
        foreach (var volume in engine["volumes"]!.AsArray())
        {
            _engine.Write((string)volume!, "of before");
        }

        Dictionary<long, string[]> mounted = [];
        foreach (var container in engine["containers"]!.AsArray())
        {
            var id = long.Parse((string)container!["labels"]!["speed.deployment"]!);
            var attempt = int.Parse((string)container["labels"]!["speed.attempt"]!);
            var mounts = container["volumes"]!.AsObject()
                .Select(mount => new VolumeMount(((string)mount.Value!).Split('-', 4)[3], (string)mount.Value!, mount.Key))
                .ToList();
            var box = _engine.Create(
                SomeDeployment.Of(id) with { Attempt = attempt }, (string)engine["instance"]!, mounts);
            await box.StartAsync(Now);
            if (mounts.Count > 0)
            {
                mounted.Add(id, [.. mounts.Select(mount => mount.EngineName)]);
            }
        }

        Assert.Equal((string)engine["instance"]!, store.Instance);
        return mounted;
    }

    private DbManager Open(EarlierData data)
    {
        _stores = new SqliteStores(
            new StoreOptions { DataDirectory = data.FullPath }, new Bell(), TimeProvider.System);
        return _stores.Deployments;
    }

    private (ServiceVolumes Of, VolumeList List) Volumes(DbManager store)
    {
        var volumes = new ServiceVolumes(store, store, _engine, TimeProvider.System);
        return (volumes, new VolumeList(store, store, _engine, volumes));
    }
}
