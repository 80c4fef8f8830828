using System.Security.Cryptography;
using System.Text;
using Speed.Data;
using Speed.Deployments;
using Speed.Tests.Data;
using Speed.Tests.Runners;
using Xunit;

namespace Speed.Tests.Volumes;

/// <summary>Drives real files: volumes that an earlier SPEED made are found by their service.</summary>
public sealed class OldVolumeTests : IDisposable
{
    private const string Url = "https://git.example.org/o/app";

    private readonly TempFolder _folder = new();
    private readonly OldDatabase _old;
    private readonly ScriptedEngine _engine = new();
    private readonly MemoryLogStore _logs = new();
    private DataDirectory? _directory;
    private DbManager? _store;

    public OldVolumeTests() => _old = new OldDatabase(_folder.File("deployments.db"));

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _store?.Dispose();
        _directory?.Dispose();
        _old.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("main", "main")]
    [InlineData(null, "")]
    public async Task The_only_one_that_is_there_is_the_one(string? asked, string branchInName)
    {
        AddEnded(new OldDeployment(Url, asked, "main", "data"));
        _engine.Write(NameOf(Url, branchInName, "data"), "old");

        var next = await AddAsync(Url, "main");

        Assert.Equal(NameOf(Url, branchInName, "data"), await MountAsync(next));
    }

    [Fact]
    public async Task The_one_that_the_container_which_is_up_mounts_wins_whatever_else_there_is()
    {
        var up = AddUp(new OldDeployment(Url, null, "main", "data"));
        AddEnded(new OldDeployment(Url, "main", "main", "data"));
        var (first, second) = (NameOf(Url, "", "data"), NameOf(Url, "main", "data"));
        _engine.Write(first, "of the first attempt");
        _engine.Write(second, "of the newer one");
        await RunOnEngineAsync(up, 1, first);

        var next = await AddAsync(Url, "main");

        Assert.Equal(first, await MountAsync(next));
        var listed = await Volumes().List.ReadAsync(Now);
        Assert.Equal(
            [(first, VolumeState.InUse), (second, VolumeState.Candidate)],
            listed.Select(one => (one.EngineName, one.State)));
        Assert.Contains(up, listed[0].Deployments);
    }

    [Fact]
    public async Task Without_a_container_it_is_the_one_that_the_newest_deployment_that_was_up_had_last()
    {
        var url = Url + ".git";
        var crashed = AddUp(new OldDeployment(Url, null, "main", "data"));
        _old.BeginAnew(crashed);
        _old.Start(crashed);
        _old.BecomeUp(crashed);
        _old.Cancel(crashed);
        var neverUp = _old.Add(new OldDeployment(url, "main", "main", "data"));
        _old.Start(neverUp);
        _old.Cancel(neverUp);
        foreach (var name in new[] { NameOf(Url, "", "data"), NameOf(Url, "main", "data"), NameOf(url, "main", "data") })
        {
            _engine.Write(name, "something");
        }

        var next = await AddAsync("git@git.example.org:o/app.git", "main");

        Assert.Equal(NameOf(Url, "main", "data"), await MountAsync(next));
    }

    [Fact]
    public async Task Two_spellings_that_are_both_up_keep_what_each_has_and_the_next_one_gets_the_newer_one_s()
    {
        var url = Url + ".git";
        var (older, newer) = (NameOf(Url, "main", "data"), NameOf(url, "main", "data"));
        var first = _old.Add(new OldDeployment(Url, "main", "main", "data"));
        var second = _old.Add(new OldDeployment(url, "main", "main", "data"));
        foreach (var (id, name) in new[] { (first, older), (second, newer) })
        {
            _old.Start(id);
            _old.BecomeUp(id);
            _engine.Write(name, "something");
            await RunOnEngineAsync(id, 1, name);
        }

        var next = await AddAsync(Url, "main");
        var mounted = await MountAsync(next);

        Assert.Equal(newer, mounted);
        Assert.Equal(older, await MountAsync(await FindAsync(first)));
        Assert.Equal(newer, await MountAsync(await FindAsync(second)));
        Assert.Equal(["something", $"{first}.1"], _engine.Read(older)!);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task One_of_two_spellings_without_a_container_gets_what_it_had_and_not_what_the_other_has(bool isNewer)
    {
        var (url, other) = isNewer ? (Url + ".git", Url) : (Url, Url + ".git");
        var crashed = isNewer ? 0 : AddUp(new OldDeployment(url, null, "main", "data"));
        var running = AddUp(new OldDeployment(other, "main", "main", "data"));
        crashed = isNewer ? AddUp(new OldDeployment(url, null, "main", "data")) : crashed;
        _engine.Write(NameOf(other, "main", "data"), "of the one that runs");
        _engine.Write(NameOf(url, "", "data"), "of the one that does not");
        await RunOnEngineAsync(running, 1, NameOf(other, "main", "data"));

        Assert.Equal(NameOf(url, "", "data"), await MountAsync(await FindAsync(crashed)));
        Assert.Equal(NameOf(other, "main", "data"), await MountAsync(await FindAsync(running)));
        Assert.Equal(NameOf(other, "main", "data"), await MountAsync(await AddAsync(Url, "main")));
    }

    [Fact]
    public async Task One_that_is_not_on_the_engine_any_more_comes_back_under_its_likeliest_name()
    {
        AddEnded(new OldDeployment(Url, null, "main", "data"));

        var next = await AddAsync(Url, "main");

        Assert.Equal(NameOf(Url, "", "data"), await MountAsync(next));
    }

    [Fact]
    public async Task Other_branches_subdirectories_and_names_are_other_services_and_begin_with_new_volumes()
    {
        AddEnded(new OldDeployment(Url, "main", "main", "data"));
        _engine.Write(NameOf(Url, "main", "data"), "old");

        var others = new[]
        {
            await AddAsync(Url, "dev"), await AddAsync(Url, "main", name: "worker"),
            await AddAsync(Url, "main", subdirectory: "app"), await AddAsync("https://git.example.org/o/other", "main"),
            await AddAsync(Url, "main", volume: "cache"),
        };

        HashSet<string> names = [];
        foreach (var other in others)
        {
            var name = await MountAsync(other);
            Assert.Matches($"^speed-{_old.Instance}-[0-9a-f]{{32}}-(data|cache)$", name);
            Assert.True(names.Add(name));
        }

        Assert.Equal(["old"], _engine.Read(NameOf(Url, "main", "data"))!);
    }

    [Fact]
    public async Task A_container_that_runs_without_its_volume_says_nothing_of_which_one_it_is()
    {
        var id = AddUp(new OldDeployment(Url, "main", "main", "data"));
        _engine.Write(NameOf(Url, "main", "data"), "old");
        await RunOnEngineAsync(id, 1);

        Assert.Equal(NameOf(Url, "main", "data"), await MountAsync(await AddAsync(Url, "main")));
        var (bare, isKept) = Assert.Single(await Volumes().List.FindBareAsync(Now));
        Assert.Equal((id, false), (bare.DeploymentId, isKept));
        Assert.Equal(["/data"], bare.Paths);
    }

    [Fact]
    public async Task Of_a_job_it_is_the_one_that_the_newest_run_had()
    {
        var first = _old.Add(new OldDeployment(Url, "main", "main", "data") { IsJob = true });
        _old.Start(first);
        _old.Cancel(first);
        var second = _old.Add(new OldDeployment(Url, null, "main", "data") { IsJob = true });
        _old.Start(second);
        _old.Cancel(second);
        _engine.Write(NameOf(Url, "", "data"), "newest");
        _engine.Write(NameOf(Url, "main", "data"), "older");

        Assert.Equal(NameOf(Url, "", "data"), await MountAsync(await AddAsync(Url, "main")));
    }

    [Fact]
    public async Task What_was_chosen_stays_chosen_and_what_is_there_without_a_record_is_listed_and_left_alone()
    {
        AddEnded(new OldDeployment(Url, null, "main", "data"));
        var lost = NameOf("https://git.example.org/o/forgotten", "main", "data");
        _engine.Write(lost, "of a record that is gone");
        _engine.Write(NameOf(Url, "main", "data"), "old");
        var chosen = await MountAsync(await AddAsync(Url, "main"));

        _engine.Write(NameOf(Url, "", "data"), "later");
        var again = await MountAsync(await AddAsync(Url, "main"));
        var listed = await Volumes().List.ReadAsync(Now);

        Assert.Equal((NameOf(Url, "main", "data"), chosen), (chosen, again));
        Assert.Equal(VolumeState.Unowned, listed.Single(one => one.EngineName == lost).State);
        Assert.Equal(VolumeState.Candidate, listed.Single(one => one.EngineName == NameOf(Url, "", "data")).State);
    }

    [Fact]
    public async Task One_that_somebody_removed_is_made_anew_and_the_log_says_so()
    {
        var name = await MountAsync(await AddAsync(Url, "main"));
        var before = string.Join('\n', _logs.Lines(1));
        _engine.RemoveVolume(name);

        Assert.Equal(name, await MountAsync(await AddAsync(Url, "main")));
        Assert.DoesNotContain("not on this engine any more", before, StringComparison.Ordinal);
        Assert.Contains(_logs.Lines(2), line => line.Contains($"({name}) is not on this engine any more", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(DeploymentKind.Service, true)]
    [InlineData(DeploymentKind.Job, false)]
    public async Task A_service_that_does_not_name_a_volume_with_its_data_says_so(DeploymentKind kind, bool says)
    {
        await MountAsync(await AddAsync(Url, "main"));
        var next = await AddAsync(Url + ".git", "main");
        next = next with { Kind = kind, Options = next.Options with { Volumes = [] } };
        await using var log = await DeploymentLog.OpenAsync(next.Id, _logs, TimeProvider.System, Now);

        var mounts = await Volumes().Of.MountAsync(next, log, Now);
        await log.FlushAsync();

        Assert.Empty(mounts);
        Assert.Equal(says, _logs.Lines(next.Id).Any(line => line.StartsWith("Kept and not used", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Whoever_gets_a_volume_waits_until_it_is_filled_and_nobody_fills_one_that_somebody_has()
    {
        var (volumes, _) = Volumes();
        var first = await AddAsync(Url, "main");
        await using var log = await DeploymentLog.OpenAsync(first.Id, _logs, TimeProvider.System, Now);
        var name = (await volumes.MountAsync(first, log, Now)).Single().EngineName;

        var whileHeld = await volumes.TryBeginFillingAsync(name, Now);
        await Store().RequestCancelAsync(first.Id, "a test", null, Now);
        var whileFree = await volumes.TryBeginFillingAsync(name, Now);
        var twice = await volumes.TryBeginFillingAsync(name, Now);
        var mounting = volumes.MountAsync(await AddAsync(Url, "main"), log, Now);
        while (!_logs.Lines(first.Id).Contains("Waiting until the import into volume data is done."))
        {
            await log.FlushAsync();
        }

        Assert.False(mounting.IsCompleted);
        volumes.EndFilling(name);

        Assert.Equal((false, true, false), (whileHeld, whileFree, twice));
        Assert.Equal(name, (await mounting).Single().EngineName);
    }

    // As the earlier SPEED worked it out.
    private string NameOf(string url, string branch, string volume)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{url}\n{branch}\n.")));
        return $"speed-{_old.Instance}-{hash[..12]}-{volume}";
    }

    private long AddUp(OldDeployment one)
    {
        var id = _old.Add(one);
        _old.Start(id);
        _old.BecomeUp(id);
        return id;
    }

    private void AddEnded(OldDeployment one) => _old.Cancel(AddUp(one));

    private DbManager Store()
    {
        if (_store is null)
        {
            _old.Dispose();
            var options = new StoreOptions { DataDirectory = _folder.FullPath };
            _directory = new DataDirectory(options);
            _store = new DbManager(_directory, options, new Bell(), TimeProvider.System);
        }

        return _store;
    }

    private (ServiceVolumes Of, VolumeList List) Volumes()
    {
        var volumes = new ServiceVolumes(Store(), Store(), _engine, TimeProvider.System);
        return (volumes, new VolumeList(Store(), Store(), _engine, volumes));
    }

    private async Task RunOnEngineAsync(long id, int attempt, params string[] engineNames)
    {
        var box = _engine.Create(
            SomeDeployment.Of(id) with { Attempt = attempt }, _old.Instance,
            [.. engineNames.Select(name => new VolumeMount("data", name, "/data"))]);
        await box.StartAsync(Now);
    }

    // As of today, and at the point where it gets its container.
    private async Task<Deployment> AddAsync(
        string url, string branch, string subdirectory = ".", string name = "", string volume = "data")
    {
        var options = SomeOptions.Of(url) with
        {
            Branch = branch,
            Subdirectory = subdirectory,
            Name = name,
            Volumes = [new VolumeOption(volume, $"/{volume}")],
        };
        var outcome = await Store().AddAsync(new NewDeployment(options, null, 100), Now);
        return ((AddOutcome.Added)outcome).Deployment;
    }

    private async Task<Deployment> FindAsync(long id) => (await Store().FindAsync(id, Now))!;

    private async Task<string> MountAsync(Deployment deployment)
    {
        await using var log = await DeploymentLog.OpenAsync(deployment.Id, _logs, TimeProvider.System, Now);
        var mounts = await Volumes().Of.MountAsync(deployment, log, Now);
        await log.FlushAsync();
        return Assert.Single(mounts).EngineName;
    }
}
