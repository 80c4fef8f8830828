using System.Formats.Tar;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Speed.Tests.Cli;
using Speed.Tests.Volumes;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: data are where the next program looks for them, whatever happened.</summary>
public sealed class VolumeTests : IAsyncLifetime
{
    // Each start adds its line; then it serves what is there, and ends badly when it is told to.
    private const string Diary =
        "FROM busybox\nEXPOSE 8080\n" + Services.Healthcheck
        + "CMD mkdir -p /data; echo start >> /data/index.html; exec httpd -f -p 8080 -h /data\n";

    private static readonly object WithVolume = new
    {
        volumes = new[] { new { name = "data", path = "/data/" } },
        restart = "on-failure",
    };

    private readonly World _world = new();
    private readonly HttpClient _http = new();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _world.DisposeAsync();
    }

    [Fact]
    public async Task Without_a_branch_a_crash_a_push_and_a_retry_all_find_what_the_first_attempt_wrote()
    {
        var repository = await _world.RepositoryAsync(r => r.File("Dockerfile", Diary));
        var first = await _world.UpAsync(await CreateAsync(repository.Url));

        await _world.SignalAsync(first.Id(), "KILL");
        await _world.WaitForAttemptAsync(first.Id(), 2);
        var again = await _world.UpAsync(first.Id());
        Assert.Equal("start\nstart\n", await ReadAsync(again));

        var pushed = await _world.UpAsync(await _world.StartAsync(repository, WithVolume));
        await _world.EndAsync(first.Id());
        Assert.Equal("start\nstart\nstart\n", await ReadAsync(pushed));

        using var answer = await _world.App.PostAsync($"/v1/deployments/{first.Id()}/retry", new { });
        var retried = await _world.UpAsync((await Answer.ReadAsync(answer)).Json.Id());
        Assert.Equal("start\nstart\nstart\nstart\n", await ReadAsync(retried));
        var listed = (await _world.App.GetAsync("/v1/volumes")).GetProperty("items")[0];
        Assert.Equal(("in_use", "data", "main"), (listed.Text("state"), listed.Text("name"), listed.Text("branch")));
        Assert.Matches($"^speed-{_world.Instance}-[0-9a-f]{{32}}-data$", listed.Text("engine_name"));
    }

    [Fact]
    public async Task A_container_without_its_volume_is_told_of_and_kept_and_its_data_can_be_copied_into_the_volume()
    {
        var repository = await _world.RepositoryAsync(r => r.File("Dockerfile", Diary));
        var old = await _world.UpAsync(await _world.StartAsync(repository, WithVolume));
        var container = (await _world.ContainersOfAsync(old.Id())).Single();
        await _world.App.RestartAsync(() => ReplaceWithoutVolumeAsync(container));
        await _world.SeesLineAsync(old.Id(), line => line.Contains($"docker cp {container}:/data/. ", StringComparison.Ordinal));
        var doctor = await _world.App.GetAsync("/v1/doctor");

        var newer = await _world.UpAsync(await _world.StartAsync(repository, WithVolume));
        await _world.EndAsync(old.Id());
        await _world.App.RestartAsync();

        Assert.Contains($"{container} of deployment {old.Id()} runs without its volumes at /data", $"{doctor}", StringComparison.Ordinal);
        Assert.Contains($"kept as {container}-kept", await _world.LogAsync(newer), StringComparison.Ordinal);
        Assert.Equal("start\nstart\n", await ReadAsync(newer));
        Assert.Equal(
            "exited", (await DockerCli.RunAsync("inspect", "--format", "{{.State.Status}}", $"{container}-kept")).Trim());
        Assert.Contains($"docker rm {container}-kept", $"{await _world.App.GetAsync("/v1/doctor")}", StringComparison.Ordinal);

        var copy = Directory.CreateTempSubdirectory("speed-test-").FullName;
        await DockerCli.RunAsync("cp", $"{container}-kept:/data/.", copy);
        Assert.Equal("only here\n", await File.ReadAllTextAsync(Path.Combine(copy, "index.html"), Now));
        Directory.Delete(copy, recursive: true);
    }

    [Fact]
    public async Task A_container_without_its_volume_that_outlived_its_deployment_is_kept_too()
    {
        var repository = await _world.RepositoryAsync(r => r.File("Dockerfile", Diary));
        var old = await _world.UpAsync(await _world.StartAsync(repository, WithVolume));
        var container = (await _world.ContainersOfAsync(old.Id())).Single();
        using var canceled = await _world.App.PostAsync($"/v1/deployments/{old.Id()}/cancel", new { });
        await _world.EndAsync(old.Id());
        await _world.EventuallyNoContainersAsync(old.Id());

        var instance = _world.Instance;
        await _world.App.RestartAsync(() => DockerCli.RunAsync(
            "run", "--detach", "--init", "--name", container, "--label", $"speed.instance={instance}", "--label",
            $"speed.deployment={old.Id()}", "--label", "speed.attempt=1", "busybox", "sleep", "1000"));

        var since = TimeProvider.System.GetTimestamp();
        IReadOnlyList<string> there;
        while ((there = await DockerCli.ContainersAsync(container)).SequenceEqual([container]))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromMinutes(1), $"{container} was not touched.");
        }

        Assert.Equal([$"{container}-kept"], there);
    }

    [Fact]
    public async Task After_an_update_the_data_of_a_service_that_runs_are_found_under_the_name_that_its_first_attempt_had()
    {
        var repository = await _world.RepositoryAsync(r => r.File("Dockerfile", Diary));
        var (mounted, other) = ("", "");
        await _world.App.RestartAsync(async () =>
        {
            foreach (var file in Directory.GetFiles(_world.App.DataDirectory, "deployments.db*"))
            {
                File.Delete(file);
            }

            using var old = new OldDatabase(Path.Combine(_world.App.DataDirectory, "deployments.db"));
            var id = old.Add(new OldDeployment(repository.Url, null, "main", "data"));
            old.Start(id);
            old.BecomeUp(id);
            (mounted, other) = (await OldVolumeAsync(old, repository.Url, ""), await OldVolumeAsync(old, repository.Url, "main"));
            await DockerCli.RunAsync(
                "run", "--detach", "--init", "--name", $"speed-{old.Instance}-{id}-1", "--label", $"speed.instance={old.Instance}",
                "--label", $"speed.deployment={id}", "--label", "speed.attempt=1", "--volume", $"{mounted}:/data", "busybox", "sh", "-c",
                "echo old >> /data/index.html; exec sleep 1000");
        });

        var next = await _world.UpAsync(await _world.StartAsync(repository, WithVolume));
        var ended = await _world.EndAsync(1);
        var items = (await _world.App.GetAsync("/v1/volumes")).GetProperty("items").EnumerateArray();

        Assert.Equal("old\nstart\n", await ReadAsync(next));
        Assert.Equal("SUPERSEDED", ended.Resource.GetProperty("failure").Text("code"));
        Assert.Equal(
            [(mounted, "in_use"), (other, "candidate")], items.Select(one => (one.Text("engine_name"), one.Text("state"))));
        Assert.Contains($"An earlier SPEED left {other}", await _world.LogAsync(next), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_command_line_takes_the_data_of_a_volume_out_and_in_while_nobody_has_it()
    {
        var repository = await _world.RepositoryAsync(r => r.File("Dockerfile", Diary));
        var up = await _world.UpAsync(await _world.StartAsync(repository, WithVolume));
        var name = (await _world.App.GetAsync("/v1/volumes")).GetProperty("items")[0].Text("engine_name");
        var tar = Path.Combine(Directory.CreateTempSubdirectory("speed-test-").FullName, "data.tar");

        var list = (await CliRun.RunAsync(_world.App, "volumes", "list")).Done();
        (await CliRun.RunAsync(_world.App, "volumes", "export", name, "--output", tar)).Done();
        await AddAsync(tar, "./more.html", "more");
        var inUse = await CliRun.RunAsync(_world.App, "volumes", "import", name, "--input", tar);
        await _world.App.PostAsync($"/v1/deployments/{up.Id()}/cancel", new { });
        await _world.EndAsync(up.Id());
        (await CliRun.RunAsync(_world.App, "volumes", "import", name, "--input", tar)).Done();
        var noTar = await CliRun.RunAsync(_world.App, "volumes", "import", name, "--input", typeof(VolumeTests).Assembly.Location);

        var next = await _world.UpAsync(await _world.StartAsync(repository, WithVolume));
        Assert.Contains(name, list.Out, StringComparison.Ordinal);
        Assert.Equal((2, true), (inUse.Code, inUse.Error.Contains("cancel", StringComparison.Ordinal)));
        Assert.Equal((2, true), (noTar.Code, noTar.Error.Contains("cannot be unpacked", StringComparison.Ordinal)));
        Assert.Equal("more", await _http.GetStringAsync($"{Services.AddressOf(next)}/more.html", Now));
        Assert.Equal("start\nstart\n", await ReadAsync(next));
        Assert.DoesNotContain(await _world.ContainersAsync(), one => one.Contains("-volume-", StringComparison.Ordinal));
        Directory.Delete(Path.GetDirectoryName(tar)!, recursive: true);
    }

    [Fact]
    public async Task What_nobody_has_on_record_is_listed_and_can_be_exported_and_what_is_not_there_is_not_found()
    {
        (await _world.DeployAsync("FROM busybox\nCMD true\n")).Succeeded();
        var lost = $"speed-{_world.Instance}-0123456789ab-data";
        await DockerCli.RunAsync("volume", "create", "--label", $"speed.instance={_world.Instance}", "--label", "speed.volume=data", lost);

        var listed = (await _world.App.GetAsync("/v1/volumes")).GetProperty("items")[0];
        using var export = await _world.App.Client.GetAsync($"/v1/volumes/{lost}/export", Now);
        using var none = await _world.App.Client.GetAsync($"/v1/volumes/{lost}x/export", Now);
        var wrongType = await _world.App.SendAsync($"/v1/volumes/{lost}/import", "{}", method: HttpMethod.Put);

        Assert.Equal((lost, "unowned", "data"), (listed.Text("engine_name"), listed.Text("state"), listed.Text("name")));
        Assert.Equal((HttpStatusCode.OK, "application/x-tar"), (export.StatusCode, export.Content.Headers.ContentType?.MediaType));
        Assert.Equal((HttpStatusCode.NotFound, 415), (none.StatusCode, wrongType.Status));
        Assert.DoesNotContain($"{lost}x", await DockerCli.LinesAsync("volume", "ls", "--quiet"));
    }

    private async Task<long> CreateAsync(string url)
    {
        using var answer = await _world.App.PostAsync(
            "/v1/deployments", new { url, restart = "on-failure", volumes = new[] { new { name = "data", path = "/data" } } });
        return (await Answer.ReadAsync(answer)).Json.Id();
    }

    private Task<string> ReadAsync(System.Text.Json.JsonElement service) =>
        _http.GetStringAsync(Services.AddressOf(service), Now);

    // As an earlier SPEED named and made it.
    private static async Task<string> OldVolumeAsync(OldDatabase old, string url, string branch)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{url}\n{branch}\n.")));
        var name = $"speed-{old.Instance}-{hash[..12]}-data";
        await DockerCli.RunAsync(
            "volume", "create", "--label", $"speed.instance={old.Instance}", "--label", "speed.volume=data", name);
        return name;
    }

    // As the fallback of an earlier SPEED made it.
    private static async Task ReplaceWithoutVolumeAsync(string container)
    {
        var format = "{{.Image}} {{.HostConfig.NetworkMode}} {{index .Config.Labels \"speed.instance\"}} "
            + "{{index .Config.Labels \"speed.deployment\"}} {{index .Config.Labels \"speed.attempt\"}}";
        var made = (await DockerCli.RunAsync("inspect", "--format", format, container)).Trim().Split(' ');
        await DockerCli.RunAsync("rm", "--force", container);
        await DockerCli.RunAsync(
            "run", "--detach", "--init", "--name", container, "--network", made[1], "--label", $"speed.instance={made[2]}", "--label",
            $"speed.deployment={made[3]}", "--label", $"speed.attempt={made[4]}", made[0], "sh", "-c",
            "mkdir /data; echo only here > /data/index.html; exec sleep 1000");
    }

    private static async Task AddAsync(string tar, string name, string text)
    {
        var folder = Directory.CreateTempSubdirectory("speed-test-").FullName;
        await using (var read = File.OpenRead(tar))
        {
            await TarFile.ExtractToDirectoryAsync(read, folder, overwriteFiles: true, Now);
        }

        await File.WriteAllTextAsync(Path.Combine(folder, name), text, Encoding.ASCII, Now);
        File.Delete(tar);
        await TarFile.CreateFromDirectoryAsync(folder, tar, includeBaseDirectory: false, Now);
        Directory.Delete(folder, recursive: true);
    }
}
