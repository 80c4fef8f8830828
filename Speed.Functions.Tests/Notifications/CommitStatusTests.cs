using System.Text;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Notifications;

/// <summary>Drives real SQLite and real HTTP: statuses at a scripted forge of each kind.</summary>
public sealed class CommitStatusTests : IAsyncLifetime
{
    private const string Token = "a token of the forge";
    private const string Link = "https://speed.example/#/deployments/1";

    private NotifyWorld _world = null!;

    private Receiver Forge => _world.Receiver;

    private string Repository => $"{Forge.Url}/Team/app.git";

    public async ValueTask InitializeAsync() => _world = await NotifyWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData("github", "/api/v3/repos/Team/app/statuses/{0}", "Bearer", "state", "pending", "success")]
    [InlineData("gitea", "/api/v1/repos/Team/app/statuses/{0}", "token", "state", "pending", "success")]
    [InlineData("gitlab", "/api/v4/projects/Team%2Fapp/statuses/{0}", "Bearer", "state", "pending", "success")]
    [InlineData("bitbucket", "/2.0/repositories/Team/app/commit/{0}/statuses/build", "Bearer", "state", "INPROGRESS", "SUCCESSFUL")]
    public async Task A_commit_is_pending_once_it_is_known_and_then_a_success(
        string kind, string path, string scheme, string member, string pending, string success)
    {
        await UseAsync(kind);
        await _world.AddLoginAsync();

        var deployment = await _world.BeginAsync(Repository);
        var first = await Forge.NextAsync();
        await _world.SucceedAsync(deployment);
        var second = await Forge.NextAsync();

        foreach (var (request, state) in new[] { (first, pending), (second, success) })
        {
            Assert.Equal("POST", request.Method);
            Assert.Equal(path.Replace("{0}", NotifyWorld.Commit, StringComparison.Ordinal), request.Target);
            Assert.Equal($"{scheme} {Token}", request.Headers["Authorization"]);
            Assert.Equal("SPEED", request.Headers["User-Agent"]);
            Assert.Equal(state, request.Json.GetProperty(member).GetString());
            Assert.Equal(Link, request.Json.GetProperty(kind == "bitbucket" ? "url" : "target_url").GetString());
            Assert.Equal("speed", request.Json.GetProperty(
                kind switch { "gitlab" => "name", "bitbucket" => "key", _ => "context" }).GetString());
        }

        var all = await UntilDoneAsync(2);
        Assert.Equal(["Succeeded", "Resolved"], all.Select(one => one.Event.ToString()));
        Assert.All(all, one => Assert.Equal(DeliveryState.Delivered, one.State));
    }

    [Theory]
    [InlineData("github", FailureCode.ExitNonzero, "failure")]
    [InlineData("github", FailureCode.DiskFull, "error")]
    [InlineData("github", FailureCode.Canceled, "error")]
    [InlineData("gitlab", FailureCode.ExitNonzero, "failed")]
    [InlineData("gitlab", FailureCode.Canceled, "canceled")]
    [InlineData("gitea", FailureCode.ExitNonzero, "failure")]
    [InlineData("bitbucket", FailureCode.ExitNonzero, "FAILED")]
    [InlineData("bitbucket", FailureCode.Canceled, "STOPPED")]
    [InlineData("github", FailureCode.Superseded, "success")]
    public async Task A_failure_says_why_as_far_as_there_is_room(string kind, FailureCode code, string state)
    {
        await UseAsync(kind);
        await _world.AddLoginAsync();
        var deployment = await _world.BeginAsync(Repository);
        await Forge.NextAsync();

        await _world.FailAsync(
            deployment, new string('x', 1_000), code,
            code is FailureCode.Canceled or FailureCode.Superseded ? DeploymentStatus.Canceled : DeploymentStatus.Failed);
        var failed = await Forge.NextAsync();

        var description = failed.Json.GetProperty("description").GetString()!;
        Assert.Equal(state, failed.Json.GetProperty("state").GetString());
        Assert.StartsWith($"{code.Wire}: xxx", description, StringComparison.Ordinal);
        Assert.Equal(kind == "github" ? 140 : 255, description.Length);
    }

    [Fact]
    public async Task Bitbucket_gets_a_user_name_with_the_token_and_always_an_address()
    {
        await UseAsync("bitbucket");
        _world.Settings.PublicUrl = null;
        await _world.AddLoginAsync(username: "someone");
        await _world.BeginAsync(Repository);

        var status = await Forge.NextAsync();

        Assert.Equal("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"someone:{Token}")), status.Headers["Authorization"]);
        Assert.Equal($"{Forge.Url}/Team/app/commits/{NotifyWorld.Commit}", status.Json.GetProperty("url").GetString());
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(422)]
    public async Task What_a_forge_refuses_is_listed_and_not_tried_again(int status)
    {
        Forge.Script = _ => status;
        await UseAsync("github");
        await _world.AddLoginAsync();
        await _world.BeginAsync(Repository);

        var refused = Assert.Single(await UntilDoneAsync(1));

        Assert.Equal((DeliveryState.Failed, status, 1), (refused.State, refused.Answer, refused.Attempts));
        Assert.Contains($"{status}", refused.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Token, refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_status_that_waits_for_another_attempt_does_not_overwrite_a_newer_one()
    {
        Forge.Script = request => request.Json.GetProperty("state").GetString() == "pending" ? 502 : 201;
        await UseAsync("github");
        await _world.AddLoginAsync();
        var deployment = await _world.BeginAsync(Repository);
        await _world.UntilAsync(Notification.CommitStatus, all => all is [{ Attempts: 1 }]);

        await _world.SucceedAsync(deployment);
        var all = await UntilDoneAsync(2);

        Assert.Equal([DeliveryState.Delivered, DeliveryState.Failed], all.Select(one => one.State));
        Assert.Contains("newer status", all[1].Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GitLab_that_has_a_status_already_is_content()
    {
        Forge.Script = _ => 400;
        Forge.Body = """{"message": "Cannot transition status via :enqueue from :pending"}""";
        await UseAsync("gitlab");
        await _world.AddLoginAsync();
        await _world.BeginAsync(Repository);

        Assert.Equal(DeliveryState.Delivered, Assert.Single(await UntilDoneAsync(1)).State);
    }

    [Theory]
    [InlineData("no secret")]
    [InlineData("for another repository")]
    [InlineData("an ssh key")]
    [InlineData("an unknown forge")]
    [InlineData("turned off")]
    public async Task No_status_is_sent_where_nothing_says_that_it_may(string why)
    {
        await UseAsync(why == "an unknown forge" ? null : "github", commitStatuses: why != "turned off");
        if (why != "no secret")
        {
            await _world.AddLoginAsync(
                why == "an ssh key" ? "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END" : Token,
                glob: why == "for another repository" ? "elsewhere.example/*" : "*");
        }

        await _world.SucceedAsync(await _world.BeginAsync(Repository));
        // Told after all of that, so that what is not there now will not come.
        await _world.AddAsync();
        var last = await _world.BeginAsync(NotifyWorld.Repository);
        await _world.UntilAsync(
            "ops", all => all.Any(one => one.DeploymentId == last.Id && one.State == DeliveryState.Delivered));

        Assert.Empty(await _world.Store.ListDeliveriesAsync(Notification.CommitStatus, TestContext.Current.CancellationToken));
        Assert.All(Forge.All, request => Assert.Equal("/ops", request.Target));
    }

    [Fact]
    public async Task A_login_does_not_travel_over_http_to_a_host_that_the_operator_does_not_name()
    {
        await UseAsync("github", gitHosts: "");
        await _world.AddLoginAsync();
        await _world.BeginAsync(Repository);

        var refused = Assert.Single(await UntilDoneAsync(1));

        Assert.Equal(DeliveryState.Failed, refused.State);
        Assert.Contains("Speed__Git__AllowedHosts", refused.Error, StringComparison.Ordinal);
        Assert.Empty(Forge.All);
    }

    private async Task UseAsync(string? kind, bool commitStatuses = true, string gitHosts = "127.0.0.1")
    {
        _world.Settings = NotifySettings.Read(TestSettings.Of(
            ("Speed__PublicUrl", "https://speed.example/"),
            ("Speed__Git__AllowedHosts", gitHosts),
            ("Speed__Notify__AllowedHosts", "127.0.0.1"),
            ("Speed__Notify__CommitStatus", commitStatuses ? "true" : "false"),
            ("Speed__Notify__Forges", kind is null ? "" : $"127.0.0.1={kind}")));
        await _world.StartWorkerAsync();
    }

    private Task<IReadOnlyList<NotificationDelivery>> UntilDoneAsync(int count) => _world.UntilAsync(
        Notification.CommitStatus, all => all.Count == count && all.All(one => one.State != DeliveryState.Pending));
}
