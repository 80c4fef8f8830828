using System.Text.Json;
using System.Text.Json.Nodes;

namespace Speed.Tests.Hooks;

/// <summary>Payloads in the shape that each forge documents, cut down to what somebody may look at.</summary>
internal static class Payloads
{
    public const string Zeros = "0000000000000000000000000000000000000000";
    public const string Before = "95790bf891e76fee5e1747ab589903a6a1f80f22";
    public const string After = "da1560886d4f094c3e6c9ef40349f7d38b5d27d7";
    public const string Url = "https://git.example/owner/app.git";

    public static JsonObject GithubPush(
        string url = Url, string @ref = "refs/heads/main", string before = Before, string after = After,
        string message = "Change it", string[]? files = null) => Object(new
        {
            @ref,
            before,
            after,
            created = before == Zeros,
            deleted = after == Zeros,
            forced = false,
            compare = "https://git.example/owner/app/compare/a...b",
            commits = after == Zeros ? [] : new[] { GithubCommit(after, message, files ?? ["src/app.c"]) },
            head_commit = after == Zeros ? null : GithubCommit(after, message, files ?? ["src/app.c"]),
            repository = GithubRepository(url),
            pusher = new { name = "someone", email = "someone@git.example" },
        });

    public static JsonObject GithubDelete(string branch, string kind = "branch", string url = Url) =>
        Object(new { @ref = branch, ref_type = kind, pusher_type = "user", repository = GithubRepository(url) });

    public static JsonObject GithubPullRequest(string branch, string action = "closed", string url = Url) => Object(new
    {
        action,
        number = 2,
        pull_request = new
        {
            state = "closed",
            merged = true,
            head = new { label = "owner:" + branch, @ref = branch, sha = After, repo = GithubRepository(url) },
            @base = new { label = "owner:main", @ref = "main", repo = GithubRepository(Url) },
        },
        repository = GithubRepository(Url),
    });

    public static JsonObject GithubPing() => Object(new { zen = "Keep it logically awesome.", hook_id = 30 });

    /// <summary>Gitea lists five commits at most, and says of how many.</summary>
    public static JsonObject GiteaPush(
        string url = Url, string branch = "main", string after = After, string[]? files = null, int total = 1) => Object(new
        {
            @ref = "refs/heads/" + branch,
            before = Before,
            after,
            compare_url = "https://git.example/owner/app/compare/a...b",
            commits = new[] { GithubCommit(after, "Change it", files ?? ["src/app.c"]) },
            total_commits = total,
            head_commit = GithubCommit(after, "Change it", files ?? ["src/app.c"]),
            repository = GithubRepository(url),
        });

    public static JsonObject GitlabPush(
        string url = Url, string branch = "main", string before = Before, string after = After, int total = 1,
        string message = "Change it") => Object(new
        {
            object_kind = "push",
            event_name = "push",
            before,
            after,
            @ref = "refs/heads/" + branch,
            ref_protected = true,
            checkout_sha = after == Zeros ? null : after,
            project = GitlabProject(url),
            commits = after == Zeros ? [] : new[]
            {
                new { id = after, message, title = message, added = new[] { "src/app.c" }, modified = Array.Empty<string>(), removed = Array.Empty<string>() },
            },
            total_commits_count = after == Zeros ? 0 : total,
        });

    public static JsonObject GitlabMergeRequest(string branch, string action, string url = Url) => Object(new
    {
        object_kind = "merge_request",
        event_type = "merge_request",
        project = GitlabProject(Url),
        object_attributes = new { iid = 1, action, source_branch = branch, target_branch = "main", source = GitlabProject(url) },
    });

    public static JsonObject BitbucketPush(params (string? New, string? Old)[] changes) => Object(new
    {
        push = new
        {
            changes = changes.Select(change => new
            {
                @new = Target(change.New, After),
                old = Target(change.Old, Before),
                created = change.Old is null,
                closed = change.New is null,
                forced = false,
                truncated = false,
            }),
        },
        repository = BitbucketRepository,
        actor = new { display_name = "someone", type = "user" },
    });

    public static JsonObject BitbucketPullRequest(string branch) => Object(new
    {
        pullrequest = new { id = 1, state = "MERGED", source = new { branch = new { name = branch }, repository = BitbucketRepository } },
        repository = BitbucketRepository,
    });

    private static object BitbucketRepository { get; } = new
    {
        type = "repository",
        full_name = "owner/app",
        links = new { html = new { href = "https://git.example/owner/app" } },
    };

    private static object? Target(string? branch, string hash) => branch is null
        ? null
        : new { type = "branch", name = branch, target = new { type = "commit", hash, message = "Change it\n" } };

    private static object GithubCommit(string id, string message, string[] modified) =>
        new { id, message, distinct = true, added = Array.Empty<string>(), removed = Array.Empty<string>(), modified };

    private static object GithubRepository(string url)
    {
        var path = url[..^".git".Length];
        return new { full_name = "owner/app", html_url = path, clone_url = url, ssh_url = "ssh://git@git.example:2222" + new Uri(url).AbsolutePath };
    }

    private static object GitlabProject(string url) => new
    {
        id = 15,
        path_with_namespace = "owner/app",
        web_url = url[..^".git".Length],
        git_ssh_url = "git@git.example:" + new Uri(url).AbsolutePath.Trim('/'),
        git_http_url = url,
    };

    private static JsonObject Object<T>(T payload) => JsonSerializer.SerializeToNode(payload)!.AsObject();
}
