using System.Text;
using System.Text.Json.Nodes;
using Speed.Deployments;
using Speed.Hooks;
using Xunit;

namespace Speed.Tests.Hooks;

/// <summary>Drives nothing but a rule: what follows from each thing that a forge may tell.</summary>
public sealed class HookRulesTests
{
    [Theory]
    [InlineData(Payloads.Url, "https://git.example/owner/app", true)]
    [InlineData(Payloads.Url, "https://GIT.example/Owner/App.git/", true)]
    [InlineData(Payloads.Url, "https://git.example:443/owner/app.git", true)]
    [InlineData(Payloads.Url, "git@git.example:owner/app.git", true)]
    [InlineData(Payloads.Url, "ssh://git@git.example:2222/owner/app", true)]
    [InlineData(Payloads.Url, "git://git.example/owner/app.git", true)]
    [InlineData("git@git.example:owner/app", Payloads.Url, true)]
    [InlineData(Payloads.Url, "https://git.example:8443/owner/app.git", false)]
    [InlineData(Payloads.Url, "https://git.example/owner/app2.git", false)]
    [InlineData(Payloads.Url, "https://git.example/app.git", false)]
    [InlineData(Payloads.Url, "https://other.example/owner/app.git", false)]
    [InlineData(Payloads.Url, "https://git.example.other/owner/app.git", false)]
    [InlineData(Payloads.Url, "owner/app", false)]
    [InlineData(Payloads.Url, "", false)]
    public void Addresses_are_of_one_repository_by_host_and_path_whatever_the_scheme(string url, string other, bool same) =>
        Assert.Equal(same, HookRules.IsSameRepository(url, other));

    [Theory]
    [InlineData("main", "refs/heads/main", true)]
    [InlineData("main", "refs/heads/main2", false)]
    [InlineData("main", "refs/heads/Main", false)]
    [InlineData("feature/*", "refs/heads/feature/a/b", true)]
    [InlineData("*", "refs/heads/ünï;`$(x)", true)]
    [InlineData("*", "refs/tags/v1", false)]
    [InlineData("*", "refs/pull/1/head", false)]
    [InlineData("*", "refs/heads/-x", false)]
    [InlineData("*", "refs/heads/a..b", false)]
    [InlineData("*", "main", false)]
    [InlineData("*", "", false)]
    public void Only_branches_that_the_hook_names_are_deployed(string glob, string name, bool starts)
    {
        var decision = Decide("push", Payloads.GithubPush(@ref: name), [glob]);

        Assert.Equal(starts, decision is Decision.Start);
        Assert.NotEqual("", decision.Reason);
    }

    [Theory]
    [InlineData("Fix [skip ci]", false)]
    [InlineData("[CI skip] Fix", false)]
    [InlineData("Fix\n\n[no ci]", false)]
    [InlineData("[skip actions]", false)]
    [InlineData("[actions skip]", false)]
    [InlineData("Skip ci", true)]
    [InlineData("", true)]
    public void The_head_commit_can_ask_not_to_be_deployed(string message, bool starts)
    {
        var github = Decide("push", Payloads.GithubPush(message: message));
        var gitlab = Decide("Push Hook", Payloads.GitlabPush(message: message), forge: Forge.Gitlab);

        Assert.Equal((starts, starts), (github is Decision.Start, gitlab is Decision.Start));
    }

    [Theory]
    [InlineData("src/*", "src/app.c", true)]
    [InlineData("*.md", "docs/a/b.md", true)]
    [InlineData("src/*", "docs/a.md", false)]
    [InlineData("src/*", "SRC/app.c", false)]
    public void Only_pushes_that_touch_the_paths_are_deployed(string glob, string file, bool starts)
    {
        var decision = Decide("push", Payloads.GithubPush(files: ["README", file]), paths: ["none", glob]);

        Assert.Equal(starts, decision is Decision.Start);
        Assert.Contains(starts ? file : "2 changed files", decision.Reason, StringComparison.Ordinal);
    }

    public static TheoryData<string, Forge, string> Incomplete => new()
    {
        { Payloads.GithubPush(before: Payloads.Zeros).ToJsonString(), Forge.Github, "push" },
        { With(Payloads.GithubPush(), "forced", true).ToJsonString(), Forge.Github, "push" },
        { With(Payloads.GithubPush(), "commits", new JsonArray()).ToJsonString(), Forge.Github, "push" },
        { Payloads.GiteaPush(total: 6).ToJsonString(), Forge.Gitea, "push" },
        { Payloads.GitlabPush(total: 21).ToJsonString(), Forge.Gitlab, "Push Hook" },
        { Payloads.BitbucketPush(("main", "main")).ToJsonString(), Forge.Bitbucket, "repo:push" },
    };

    [Theory]
    [MemberData(nameof(Incomplete))]
    public void Where_the_forge_does_not_list_all_files_it_is_deployed_rather_than_missed(
        string payload, Forge forge, string name)
    {
        var decision = Decide(name, payload, paths: ["docs/*"], forge: forge);

        Assert.IsType<Decision.Start>(decision);
        Assert.Contains("did not list every file", decision.Reason, StringComparison.Ordinal);
    }

    public static TheoryData<string, Forge, string> Complete => new()
    {
        { Payloads.GithubPush().ToJsonString(), Forge.Github, "push" },
        { Payloads.GiteaPush().ToJsonString(), Forge.Gitea, "push" },
        { Payloads.GitlabPush().ToJsonString(), Forge.Gitlab, "Push Hook" },
    };

    [Theory]
    [MemberData(nameof(Complete))]
    public void Where_it_lists_all_of_them_what_touches_none_of_the_paths_is_ignored(
        string payload, Forge forge, string name) =>
        Assert.IsType<Decision.Ignore>(Decide(name, payload, paths: ["docs/*"], forge: forge));

    public static TheoryData<string, Forge, string> Ends => new()
    {
        { Payloads.GithubPush(after: Payloads.Zeros).ToJsonString(), Forge.Github, "push" },
        { Payloads.GithubDelete("main").ToJsonString(), Forge.Github, "delete" },
        { Payloads.GithubDelete("main").ToJsonString(), Forge.Gitea, "delete" },
        { Payloads.GitlabPush(after: Payloads.Zeros).ToJsonString(), Forge.Gitlab, "Push Hook" },
        { Payloads.BitbucketPush((null, "main")).ToJsonString(), Forge.Bitbucket, "repo:push" },
    };

    [Theory]
    [MemberData(nameof(Ends))]
    public void A_branch_ends_by_being_deleted(string payload, Forge forge, string name) =>
        Assert.Equal(new Decision.End("main", "branch deleted"), Decide(name, payload, forge: forge));

    public static TheoryData<string, Forge, string, string> Closed => new()
    {
        { Payloads.GithubPullRequest("main").ToJsonString(), Forge.Github, "pull_request", "pull request closed" },
        { Payloads.GithubPullRequest("main").ToJsonString(), Forge.Gitea, "pull_request", "pull request closed" },
        { Payloads.GitlabMergeRequest("main", "close").ToJsonString(), Forge.Gitlab, "", "merge request closed" },
        { Payloads.GitlabMergeRequest("main", "merge").ToJsonString(), Forge.Gitlab, "", "merge request closed" },
        { Payloads.BitbucketPullRequest("main").ToJsonString(), Forge.Bitbucket, "pullrequest:fulfilled", "pull request closed" },
        { Payloads.BitbucketPullRequest("main").ToJsonString(), Forge.Bitbucket, "pullrequest:rejected", "pull request closed" },
    };

    [Theory]
    [MemberData(nameof(Closed))]
    public void The_close_of_a_request_ends_nothing_of_the_branch_that_was_to_be_merged(
        string payload, Forge forge, string name, string how) =>
        Assert.Equal(
            new Decision.Ignore(
                how + "; nothing was started for it, and what pushes of `main` started stays until the branch is deleted"),
            Decide(name, payload, forge: forge));

    public static TheoryData<string, Forge, string, string> Nothing => new()
    {
        { Payloads.GithubPing().ToJsonString(), Forge.Github, "ping", "ping" },
        { "{}", Forge.Github, "issues", "event issues is not a push" },
        { "{}", Forge.Github, "", "does not say which event" },
        { "{}", Forge.Github, "push", "names no repository" },
        { Payloads.GithubPullRequest("main", "opened").ToJsonString(), Forge.Github, "pull_request", "not a push" },
        { Payloads.GithubPullRequest("main", url: "https://git.example/fork/app.git").ToJsonString(), Forge.Github, "pull_request", "fork/app" },
        { Payloads.GithubDelete("v1", "tag").ToJsonString(), Forge.Github, "delete", "not a push" },
        { Payloads.GithubPush(before: Payloads.After).ToJsonString(), Forge.Github, "push", "nothing was pushed" },
        { Payloads.GithubPush(after: "HEAD").ToJsonString(), Forge.Github, "push", "not a commit" },
        { With(Payloads.GithubPush(), "after", null).ToJsonString(), Forge.Github, "push", "not a commit" },
        { With(Payloads.GithubPush(), "after", 7).ToJsonString(), Forge.Github, "push", "not a commit" },
        { With(Payloads.GithubPush(), "repository", "app").ToJsonString(), Forge.Github, "push", "names no repository" },
        { Payloads.GitlabMergeRequest("main", "open").ToJsonString(), Forge.Gitlab, "", "not a push" },
        { """{"object_kind": "tag_push"}""", Forge.Gitlab, "", "names no repository" },
        { """{"object_kind": "issue"}""", Forge.Gitlab, "", "event issue is not a push" },
        { Payloads.BitbucketPush().ToJsonString(), Forge.Bitbucket, "repo:push", "changed nothing" },
        { "{}", Forge.Bitbucket, "diagnostics:ping", "ping" },
        { "{}", Forge.Bitbucket, "repo:fork", "not a push" },
    };

    [Theory]
    [MemberData(nameof(Nothing))]
    public void All_else_is_ignored_with_the_reason(string payload, Forge forge, string name, string reason) =>
        Assert.Contains(reason, Assert.IsType<Decision.Ignore>(Decide(name, payload, forge: forge)).Reason, StringComparison.Ordinal);

    [Fact]
    public void What_others_wrote_does_not_break_the_sentence()
    {
        var decision = Decide("push", Payloads.GithubPush(@ref: "refs/tags/\u001b[31m\n" + new string('x', 5_000)));

        Assert.DoesNotContain(decision.Reason, char.IsControl);
        Assert.InRange(decision.Reason.Length, 1, 400);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("")]
    [InlineData("{\"a\": \"\u0001\"}")]
    public void What_is_no_object_is_no_payload(string body) =>
        Assert.Null(ForgeEvents.Read(Forge.Github, "push", Encoding.UTF8.GetBytes(body)));

    [Fact]
    public void Nesting_is_no_way_to_do_harm()
    {
        var deep = string.Concat(Enumerable.Repeat("{\"a\":", 100_000)) + "1" + new string('}', 100_000);

        Assert.Null(ForgeEvents.Read(Forge.Github, "push", Encoding.UTF8.GetBytes(deep)));
    }

    private static Decision Decide(
        string name, JsonObject payload, string[]? branches = null, string[]? paths = null, Forge forge = Forge.Github) =>
        Decide(name, payload.ToJsonString(), branches, paths, forge);

    private static Decision Decide(
        string name, string payload, string[]? branches = null, string[]? paths = null, Forge forge = Forge.Github)
    {
        var hook = new Hook("app", forge, Payloads.Url, branches ?? ["*"], paths ?? [], "{}", DateTimeOffset.UnixEpoch);
        return HookRules.Decide(hook, ForgeEvents.Read(forge, name, Encoding.UTF8.GetBytes(payload))!.Single());
    }

    private static JsonObject With(JsonObject payload, string name, JsonNode? value)
    {
        payload[name] = value;
        return payload;
    }
}
