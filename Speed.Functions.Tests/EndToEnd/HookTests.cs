using Speed.Tests.Hooks;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: from a push to a running program, and to its end with its branch.</summary>
public sealed class HookTests(World world) : IClassFixture<World>
{
    [Fact]
    public async Task Just_what_was_pushed_is_deployed_though_the_branch_went_on_and_it_ends_with_its_branch()
    {
        var repository = await world.RepositoryAsync(r => r.File("Dockerfile", Printing("first")));
        var first = repository.Head;
        await repository.ChangeAsync(r => r.File("Dockerfile", Printing("second")));
        var app = world.App;
        await app.AddHookAsync(url: repository.Url);

        var pushed = await app.DeliverAsync(Payloads.GithubPush(repository.Url, after: first));
        var id = pushed.Json.GetProperty("deployment_id").GetInt64();
        await world.SeesLineAsync(id, "first");
        var deleted = await app.DeliverAsync(Payloads.GithubPush(repository.Url, after: Payloads.Zeros));
        var ended = await world.EndAsync(id);

        Assert.Equal(("started", "canceled"), (pushed.Decision(), deleted.Decision()));
        Assert.Equal($"branch deleted; deployment {id} is being canceled", deleted.Reason());
        Assert.Equal("Canceled", ended.Status);
        Assert.Equal(first, ended.Commit);
        Assert.DoesNotContain("second", ended.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_branch_has_a_preview_of_its_own_that_ends_with_the_branch()
    {
        var repository = await world.RepositoryAsync(r => r.File(
            "Dockerfile", "FROM busybox\nHEALTHCHECK --interval=1s CMD true\nCMD exec sleep 1000\n"));
        await world.App.AddHookAsync(
            name: "previews", url: repository.Url, options: new { ttl_s = 3600, labels = new { preview = "yes" } });

        var one = await PushAsync(repository, "one");
        var two = await PushAsync(repository, "two");
        await world.App.DeliverAsync(
            Payloads.GithubPullRequest("two", url: repository.Url), "pull_request", hook: "previews");
        await world.App.DeliverAsync(
            Payloads.GithubDelete("one", url: repository.Url), "delete", hook: "previews");
        var ended = await world.EndAsync(one);
        var still = await world.App.GetDeploymentAsync(two);

        Assert.Equal("Canceled", ended.Status);
        Assert.Equal(("Running", "service", 3600), (still.Text("status"), still.Text("kind"), still.GetProperty("ttl_s").GetInt32()));
        await world.App.PostAsync($"/v1/deployments/{two}/cancel", new { });
        await world.EndAsync(two);
    }

    private async Task<long> PushAsync(GitRepository repository, string branch)
    {
        await repository.GitAsync("branch", branch);
        var pushed = await world.App.DeliverAsync(
            Payloads.GithubPush(repository.Url, $"refs/heads/{branch}", after: repository.Head), hook: "previews");
        var id = pushed.Json.GetProperty("deployment_id").GetInt64();
        await world.UpAsync(id);
        return id;
    }

    private static string Printing(string word) =>
        $"FROM busybox\nCMD [\"sh\", \"-c\", \"trap 'exit 0' TERM; echo {word}; while :; do sleep 0.1; done\"]\n";
}
