using System.Text.Json;
using Speed.Tests.EndToEnd;
using Speed.Tests.Hooks;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>Services that are up, and hooks.</summary>
internal sealed partial class EarlierDataMaker
{
    private const string App1 = "https://git.example/owner/app";
    private const string Blog = "https://git.example/owner/blog.git";

    // One repository, and what it is called besides.
    private static readonly string[] Spellings =
    [
        "https://git.example/owner/app.git", "https://git.example/owner/app.git/", "https://Git.Example/owner/app",
        "https://git.example:443/owner/app.git", "git@git.example:owner/app.git", "ssh://git@git.example/owner/app.git",
        "http://git.example/owner/app.git",
    ];

    private static object Data { get; } = new[] { new { name = "data", path = "/data" } };

    private async Task BringServicesUpAsync()
    {
        var app = await _world.Git.CreateAsync("app", Services.Server("app"));
        await app.ChangeAsync(r => r.Branch("release/1").File("NEWS", "a release"));
        _addresses[App1] = app.Url;
        var whole = await CreateAsync(App1, new
        {
            volumes = new[] { new { name = "data", path = "/data" }, new { name = "more", path = "/var/more" } },
            hosts = (string[])["app.example.org", "www.example.org"],
            ports = new[] { new { container = 8080, host = FreePort.Find() } },
            env = new { MODE = "production", PATH_LIKE = "/a:/b" },
            secrets = (string[])["A_KEY", "DATABASE_URL"],
            labels = new { team = "web" },
            restart = "on-failure",
            health = new { path = "/", port = 8080, status = 200, interval_s = 1, timeout_s = 2, start_s = 60 },
            ttl_s = 4_000_000,
        });
        await UpAsync(whole);
        foreach (var (index, url) in Spellings.Index())
        {
            _addresses[url] = app.Url;
            await UpAsync(await CreateAsync(url, index == 0
                ? new { volumes = Data, hosts = (string[])["app.example.org"] }
                : new { volumes = Data }));
        }

        await UpWithoutBranchAsync();
        await UpBesideAsync(app);
        await SupersedeAsync();
    }

    // The volume of a first attempt is named after no branch, and that of a later one after the branch that was found.
    private async Task UpWithoutBranchAsync()
    {
        foreach (var name in new[] { "wiki", "notes" })
        {
            var url = $"https://git.example/owner/{name}.git";
            _addresses[url] = (await _world.Git.CreateAsync(name, Services.Server(name))).Url;
            var id = await CreateAsync(url, new { volumes = Data, restart = "on-failure" }, branch: null);
            await UpAsync(id);
            if (name == "wiki")
            {
                await _world.SignalAsync(id, "KILL");
                await _world.WaitForAttemptAsync(id, 2);
                await UpAsync(id);
            }
        }
    }

    private async Task UpBesideAsync(GitRepository app)
    {
        await UpAsync(await CreateAsync(App1, new { volumes = Data }, branch: "release/1"));
        const string Mono = "https://git.example/owner/mono";
        var mono = await _world.Git.CreateAsync("mono", r => r.File(
            "services/web/Dockerfile",
            $"FROM busybox\nRUN mkdir /www && echo mono > /www/index.html\nEXPOSE 8080\n{Services.Healthcheck}CMD exec httpd -f -p 8080 -h /www\n"));
        _addresses[Mono] = mono.Url;
        await UpAsync(await CreateAsync(Mono, new { subdirectory = "./services//web/", volumes = Data }));

        // One spelling that passes for another path, with a volume of its own.
        const string Odd = "https://git.example/owner/%61pp.git?x=1";
        _addresses[Odd] = app.Url;
        await UpAsync(await CreateAsync(Odd, new { volumes = Data }));
    }

    private async Task SupersedeAsync()
    {
        _addresses[Blog] = (await _world.Git.CreateAsync("blog", Services.Server("blog"))).Url;
        var first = await CreateAsync(Blog);
        await UpAsync(first);
        await UpAsync(await CreateAsync(Blog));
        await EndAsync("Canceled", first);
    }

    private async Task<JsonElement> UpAsync(long id) => await _world.UpAsync(id);

    private async Task PushAsync()
    {
        await HookAsync("app", "github", Jobs, new { command = (string[])["echo", "pushed"], labels = new { by = "a hook" } }, ["src/**"], ["main", "release/*"]);
        await HookAsync("lab", "gitlab", "git@git.example:owner/app.git", null, null, ["*"]);
        await HookAsync("tea", "gitea", App1, new { kind = "service", volumes = Data, hosts = (string[])["tea.example.org"] }, null, ["main"]);
        await HookAsync("bucket", "bitbucket", "https://git.example/owner/app", null, ["/www/*", "./www/*", "!docs/*"], ["develop"]);

        var push = Payloads.GithubPush(Jobs, after: _jobs.Head);
        var started = await App.DeliverAsync(push, id: "11111111-0000-0000-0000-000000000001");
        Assert.True(started.Decision() == "started", started.Text);
        await EndAsync("Succeeded", started.Json.GetProperty("deployment_id").GetInt64());
        await App.DeliverAsync(Payloads.GithubPing(), name: "ping");
        await App.DeliverAsync(Payloads.GithubPush(Jobs, after: _jobs.Head, files: ["docs/README"]));
        await App.DeliverAsync(Payloads.GithubPush(Jobs, "refs/heads/other", after: _jobs.Head));
        await App.DeliverAsync(Payloads.GithubDelete("release/1", url: Jobs), name: "delete");
        var first = (await App.DeliveriesAsync())[^1].GetProperty("delivery_id").GetInt64();
        var again = await PostAsync($"/v1/hooks/app/deliveries/{first}/redeliver", new { }, 202);
        await EndAsync("Succeeded", again.Json.GetProperty("deployment_id").GetInt64());

        var body = Payloads.GitlabMergeRequest("main", "close", "https://git.example/owner/app.git").ToJsonString();
        var told = await App.DeliverRawAsync(
            body, ("X-Gitlab-Event", "Merge Request Hook"), ("X-Gitlab-Token", HookSender.Secret),
            ("X-Gitlab-Event-UUID", "22222222-0000-0000-0000-000000000001"), ("hook", "lab"));
        Assert.True(told.Status == 202, told.Text);
    }

    private async Task HookAsync(
        string name, string forge, string url, object? options, string[]? paths, string[] branches)
    {
        await App.AddHookAsync(forge, url, branches, paths, options, name);
        Known("hooks")[name] = HookSender.Secret;
    }
}
