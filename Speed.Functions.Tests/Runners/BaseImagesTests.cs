using System.Net;
using Docker.DotNet;
using Docker.DotNet.Models;
using Microsoft.Extensions.Time.Testing;
using Speed.Data;
using Speed.Deployments;
using Speed.Runners;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives the real engine, real SQLite: which images of the engine are for whom.</summary>
/// <remarks>The registry is the test's own, on loopback.</remarks>
public sealed class BaseImagesTests : IAsyncLifetime
{
    private const string Team = "https://git.example/team/app.git";
    private const string Others = "https://git.example/others/app.git";

    private static readonly Credential[] TeamLogin = [new("login", ["127.0.0.1*"], "team", "team value")];
    private static readonly Credential[] OtherLogin = [new("login", ["127.0.0.1*"], "others", "other value")];

    private readonly TempFolder _folder = TempFolder.InMemory();
    private readonly TempFolder _files = new();
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private readonly LoopbackRegistry _registry = new();
    private readonly DockerConnection _docker = new(DockerWorld.Endpoint);
    private readonly HashSet<string> _pulled = [];
    private string _logins = "/nowhere/config.json";
    private DockerWorld _world = null!;
    private SqliteStores _stores = null!;

    // Nothing of it is run.
    private static string Other =>
        System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64
            ? "amd64"
            : "arm64";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _stores = new SqliteStores(new StoreOptions { DataDirectory = _folder.FullPath }, new Bell(), _time);
        _world = await DockerWorld.CreateAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in _pulled)
        {
            await ForgetAsync(name);
        }

        await _registry.DisposeAsync();
        await _world.DisposeAsync();
        _docker.Dispose();
        _stores.Dispose();
        _folder.Dispose();
        _files.Dispose();
    }

    [Fact]
    [Trait("Engine", "Both")]
    public async Task An_image_is_pulled_and_told_in_full()
    {
        var name = Put("team/base", env: ["A=1", "B=x=y", "C"], onBuild: ["RUN true"]);

        var image = await ResolveAsync(name);

        Assert.Equal(name, image.Name);
        Assert.Equal((await InspectAsync(name)).ID, image.Id);
        Assert.Equal(_registry.DigestOf("team/base", "1"), image.Digest);
        Assert.Equal(("1", "x=y"), (image.Env["A"], image.Env["B"]));
        Assert.Equal(["RUN true"], image.OnBuild);
    }

    [Fact]
    [Trait("Engine", "Both")]
    public async Task What_was_pulled_without_a_login_is_for_everybody_and_nobody_asks_again()
    {
        var name = Put("public/base");
        var first = await ResolveAsync(name);
        var asked = _registry.Asked.Count;

        var second = await ResolveAsync(name, Others, OtherLogin);

        Assert.Equal(first.Id, second.Id);
        Assert.Equal(asked, _registry.Asked.Count);
    }

    [Fact]
    [Trait("Engine", "Both")]
    public async Task What_was_pulled_with_a_login_is_for_those_whom_the_registry_lets_have_it()
    {
        LockUp();
        var name = Put("team/base");
        var teams = await ResolveAsync(name, Team, TeamLogin);

        var nobody = await FailAsync(name, Others, []);
        var others = await FailAsync(name, Others, OtherLogin);
        var again = await ResolveAsync(name, Team, TeamLogin);

        Assert.Equal(teams.Id, again.Id);
        Assert.Equal((FailureCode.BaseImageUnavailable, FailureCode.BaseImageUnavailable), (nobody.Code, others.Code));
        Assert.Contains($"`{name}` on line 7", others.Message, StringComparison.Ordinal);
        Assert.Contains("Speed__Docker__LocalImages", others.Hint, StringComparison.Ordinal);
        Assert.Contains($"`{_registry.Host}/team/base`", others.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whether_the_engine_has_it_is_told_to_nobody_who_may_not_have_it()
    {
        LockUp();
        var there = Put("team/base");
        await ResolveAsync(there, Team, TeamLogin);
        var elsewhere = Put("team/elsewhere");

        var one = await FailAsync(there, Others, OtherLogin);
        var other = await FailAsync(elsewhere, Others, OtherLogin);

        Assert.StartsWith($"Image `{there}` on line 7 of the Dockerfile cannot be had from its registry: ", one.Message, StringComparison.Ordinal);
        Assert.StartsWith($"Image `{elsewhere}` on line 7 of the Dockerfile cannot be had from its registry: ", other.Message, StringComparison.Ordinal);
        Assert.Equal(one.Hint, other.Hint?.Replace("team/elsewhere", "team/base", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_pattern_of_the_operator_lets_everybody_have_what_the_engine_has_without_asking()
    {
        LockUp();
        var name = Put("team/base");
        await ResolveAsync(name, Team, TeamLogin);
        var asked = _registry.Asked.Count;

        var image = await ResolveAsync(name, Others, [], local: [$"{_registry.Host}/team/*"]);

        Assert.Equal(name, image.Name);
        Assert.Equal(asked, _registry.Asked.Count);
    }

    [Fact]
    public async Task An_image_of_that_name_that_never_came_from_there_is_pulled_anew()
    {
        LockUp();
        var name = Put("team/base");
        await TagBusyboxAsync(name);

        var image = await ResolveAsync(name, Team, TeamLogin);

        Assert.NotEqual(await _world.BusyboxAsync(), image.Id);
        Assert.Equal(_registry.DigestOf("team/base", "1"), image.Digest);
    }

    [Fact]
    [Trait("Engine", "Both")]
    public async Task Where_the_registry_does_not_answer_what_it_allowed_within_a_day_counts_and_the_log_says_so()
    {
        LockUp();
        var name = Put("team/base");
        var image = await ResolveAsync(name, Team, TeamLogin);
        _registry.IsAway = true;

        _time.Advance(TimeSpan.FromHours(23));
        var still = await ResolveAsync(name, Team, TeamLogin);
        var others = await FailAsync(name, Others, OtherLogin);
        _time.Advance(TimeSpan.FromHours(2));
        var tooLate = await FailAsync(name, Team, TeamLogin);

        await _world.Log.FlushAsync();
        Assert.Equal(image.Id, still.Id);
        Assert.Single(_world.Recorded.Lines, line =>
            line.StartsWith($"The registry of {name} does not answer; the image that the engine has is used", StringComparison.Ordinal));
        Assert.Equal((FailureCode.BaseImageUnavailable, FailureCode.BaseImageUnavailable), (others.Code, tooLate.Code));
        Assert.Contains("503", tooLate.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_nothing_answers_for_is_silent_too()
    {
        LockUp();
        var name = Put("team/base");
        var image = await ResolveAsync(name, Team, TeamLogin);
        await _registry.DisposeAsync();

        Assert.Equal(image.Id, (await ResolveAsync(name, Team, TeamLogin)).Id);
        Assert.Equal(image.Id, (await ResolveAsync(name, Team, TeamLogin, anew: true)).Id);
    }

    [Fact]
    public async Task What_a_registry_refuses_is_not_had_because_it_allowed_it_before()
    {
        LockUp();
        var name = Put("team/base");
        await ResolveAsync(name, Team, TeamLogin);
        _registry.Denied.Add("team team/base");

        Assert.Equal(FailureCode.BaseImageUnavailable, (await FailAsync(name, Team, TeamLogin)).Code);
        Assert.Equal(FailureCode.BaseImageUnavailable, (await FailAsync(name, Team, TeamLogin, anew: true)).Code);
    }

    [Fact]
    public async Task Another_image_under_the_name_is_not_the_one_that_was_allowed()
    {
        LockUp();
        var name = Put("team/base");
        await ResolveAsync(name, Team, TeamLogin);
        await TagBusyboxAsync(name);
        _registry.IsAway = true;

        Assert.Equal(FailureCode.BaseImageUnavailable, (await FailAsync(name, Team, TeamLogin)).Code);
    }

    [Fact]
    public async Task A_cleared_cache_pulls_what_is_there_and_goes_on_with_it_where_that_is_for_everybody()
    {
        var name = Put("public/base");
        var old = await ResolveAsync(name);
        Put("public/base");

        var kept = await ResolveAsync(name);
        var anew = await ResolveAsync(name, anew: true);
        _registry.IsAway = true;
        var away = await ResolveAsync(name, Others, [], anew: true);

        await _world.Log.FlushAsync();
        Assert.Equal((old.Id, anew.Id), (kept.Id, away.Id));
        Assert.NotEqual(old.Id, anew.Id);
        Assert.Contains(_world.Recorded.Lines, line => line.StartsWith(
            $"{name} could not be pulled; the one that the engine has is used: ", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Engine", "Both")]
    public async Task Two_digits_of_an_id_are_no_image()
    {
        var id = (await _world.BusyboxAsync())["sha256:".Length..];

        foreach (var length in new[] { 2, 6, 11 })
        {
            var failure = await FailAsync(id[..length], local: []);
            Assert.Equal(FailureCode.BaseImageUnavailable, failure.Code);
        }

        Assert.Equal(FailureCode.DockerfileRefused, (await FailAsync(id[..12])).Code);
        Assert.Equal(FailureCode.DockerfileRefused, (await FailAsync($"sha256:{id}")).Code);
        Assert.Equal(FailureCode.DockerfileRefused, (await FailAsync($"speed-{_world.Instance}:{new string('a', 64)}")).Code);
    }

    [Fact]
    [Trait("Engine", "Both")]
    public async Task An_image_is_named_by_its_digest_too_and_judged_by_its_repository()
    {
        LockUp();
        Put("team/base");
        var name = $"{_registry.Host}/team/base@{_registry.DigestOf("team/base", "1")}";
        _pulled.Add(name);

        var image = await ResolveAsync(name, Team, TeamLogin);
        var again = await ResolveAsync(name, Team, TeamLogin);
        var others = await FailAsync(name, Others, OtherLogin);

        Assert.Equal((name, image.Id), (image.Name, again.Id));
        Assert.Equal(FailureCode.BaseImageUnavailable, others.Code);
    }

    [Fact]
    [Trait("Engine", "Both")]
    public async Task An_image_of_another_platform_leaves_the_name_to_what_had_it()
    {
        var name = Put("public/base");
        var own = await ResolveAsync(name);
        Put("public/base", architecture: Other);

        var other = await ResolveAsync(name, platform: $"linux/{Other}");
        var asked = _registry.Asked.Count;
        var again = await ResolveAsync(name, Others, platform: Other);

        Assert.NotEqual(own.Id, other.Id);
        Assert.Equal(own.Id, (await InspectAsync(name)).ID);
        Assert.Equal(own, await ResolveAsync(name, Others), (one, two) => one!.Id == two!.Id && one.EngineName == two.EngineName);
        Assert.Equal((name, name, other.Id), (own.EngineName, other.Name, (await InspectAsync(other.EngineName)).ID));
        Assert.Equal(other.Id, again.Id);
        Assert.Equal(asked, _registry.Asked.Count);
    }

    [Fact]
    [Trait("Engine", "Both")]
    public async Task One_that_was_nobody_s_before_is_nobody_s_after_an_image_of_another_platform()
    {
        var name = Put("public/base", architecture: Other);

        var other = await ResolveAsync(name, platform: $"linux/{Other}");
        await Assert.ThrowsAnyAsync<DockerApiException>(() => InspectAsync(name));
        Put("public/base");
        var own = await ResolveAsync(name);
        var explicitly = await ResolveAsync(name, platform: (await _world.DescribeAsync()).Platform);

        Assert.NotEqual(other.Id, own.Id);
        Assert.Equal((own.Id, name), (explicitly.Id, explicitly.EngineName));
    }

    [Theory]
    [InlineData(Sandbox.Standard)]
    [InlineData(Sandbox.Strict)]
    [Trait("Engine", "Both")]
    public async Task Each_builder_builds_on_the_one_that_was_asked_for(Sandbox sandbox)
    {
        var name = Put("public/base", env: ["OF=own"]);
        await using var world = await DockerWorld.CreateAsync(
            sandbox, change: options => options with { AllowedRegistries = [_registry.Host] });
        var dockerfile = $"FROM {name} AS own\nFROM --platform=linux/{Other} {name}\nCOPY --from=own /mark /own\n";
        await world.BuildAsync($"FROM {name}\nLABEL a=1\n");
        Put("public/base", env: ["OF=other"], architecture: Other);

        var image = await world.AskAsync(async client =>
            await client.Images.InspectImageAsync(await world.BuildAsync(dockerfile), Token));

        _pulled.Add(image.ID);
        Assert.Equal(Other, image.Architecture);
        Assert.Contains("OF=other", image.Config!.Env!);
        Assert.Contains("OF=own", (await InspectAsync(name)).Config!.Env!);
        foreach (var tag in await world.ListTagsAsync("-platform:"))
        {
            _pulled.Add(tag);
        }
    }

    [Fact]
    public async Task A_configuration_of_the_operator_that_cannot_be_read_is_in_the_way_only_where_a_login_is_asked_for()
    {
        _logins = _files.File("config.json");
        await File.WriteAllTextAsync(_logins, "{", Token);
        var name = Put("public/base");

        var image = await ResolveAsync(name);
        LockUp();
        var failure = await FailAsync(Put("team/base"));

        Assert.Equal((await InspectAsync(name)).ID, image.Id);
        Assert.Equal(FailureCode.BaseImageUnavailable, failure.Code);
        Assert.Contains(_logins, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Addresses_are_judged_only_where_something_is_asked()
    {
        var name = Put("team/base");
        await TagBusyboxAsync(name);

        var image = await ResolveAsync(name, local: ["*"], allowed: []);
        var refused = await FailAsync(name, allowed: []);

        Assert.Equal(await _world.BusyboxAsync(), image.Id);
        Assert.Contains("Speed__Docker__AllowedRegistries", refused.Message, StringComparison.Ordinal);
        Assert.Empty(_registry.Asked);
    }

    // The team has all, others nothing of it.
    private void LockUp()
    {
        _registry.Logins["team"] = "team value";
        _registry.Logins["others"] = "other value";
        _registry.Denied.Add("others team/base");
        _registry.Denied.Add("others team/elsewhere");
    }

    private string Put(
        string repository, IEnumerable<string>? env = null, IEnumerable<string>? onBuild = null, string? architecture = null)
    {
        var name = _registry.Put(repository, "1", env, onBuild, architecture: architecture);
        _pulled.Add(name);
        return name;
    }

    private async Task<ResolvedImage> ResolveAsync(
        string name, string url = Team, Credential[]? logins = null, bool anew = false, string[]? local = null,
        string[]? allowed = null, string? platform = null)
    {
        var images = new BaseImages(
            _docker, new Registries(_docker, new RegistryRules(allowed ?? [_registry.Host], logins: _logins), TimeProvider.System),
            new LocalImages(local ?? ["docker.io/library/*"]), _stores.Deployments);
        var asker = new ImageAsker(RepositoryIdentity.Of(url), logins ?? [], anew, _world.Log);
        var image = await images.ResolveAsync(new ImageName(name, 7, platform), asker, Token);

        // One that has lost its name to a newer one would stay.
        if (image.Id != await _world.BusyboxAsync())
        {
            _pulled.Add(image.EngineName);
            _pulled.Add(image.Id);
        }

        return image;
    }

    private Task<DeploymentFailedException> FailAsync(
        string name, string url = Team, Credential[]? logins = null, bool anew = false, string[]? local = null,
        string[]? allowed = null) =>
        Assert.ThrowsAsync<DeploymentFailedException>(() => ResolveAsync(name, url, logins, anew, local, allowed));

    private async Task TagBusyboxAsync(string name)
    {
        var image = ImageReference.Parse(name)!;
        await _world.AskAsync(client => client.Images.TagImageAsync(
            "busybox:latest", new ImageTagParameters { RepositoryName = image.Repository, Tag = image.Tag }, Token));
    }

    private Task<ImageInspectResponse> InspectAsync(string name) =>
        _world.AskAsync(client => client.Images.InspectImageAsync(name, Token));

    private async Task ForgetAsync(string name)
    {
        try
        {
            await _world.AskAsync(client => client.Images.DeleteImageAsync(
                name, new ImageDeleteParameters { Force = true }, CancellationToken.None));
        }
        catch (DockerApiException exception) when (exception.StatusCode is HttpStatusCode.NotFound)
        {
            // The test never had it pulled.
        }
    }
}
