using System.Text.Json;
using System.Text.Json.Nodes;
using Speed.Tests.EndToEnd;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>Keys of all kinds, and deployments that have come to every end.</summary>
internal sealed partial class EarlierDataMaker
{
    private const string Jobs = "https://git.example/owner/jobs.git";

    // Some of them are let in, some are not.
    private static readonly string[] OddAddresses =
    [
        "HTTPS://git.example/owner/jobs", "https://Git.Example/owner/jobs", "https://git.example:443/owner/jobs.git",
        "https://git.example./owner/jobs", "https://git.example:0443/owner/jobs", "https://git.example:/owner/jobs",
        "https://git.example/owner%2Fjobs", "https://git.example/owner/%6Aobs", "https://git.example/owner/%2e%2e/jobs",
        "https://git.example/other/../owner/jobs", "https://git.example/./owner/jobs", "https://git.example//owner//jobs",
        "https://git.example/owner/jobs/", "https://git.example/owner/jobs?ref=main", "https://git.example/owner/jobs#main",
        "https://git.example?owner/jobs", "https://git.example#owner/jobs", "https://git.example", "https://git.example/",
        @"https://git.example/owner\jobs", "https://git.example/öwner/jöbs", "https://git.example/o\u0308wner/jobs",
        "https://git.example/owner/a job", "https://git.example/owner/jobs.git.git", "https://git.example/owner/.git",
        "https://someone@git.example/owner/jobs", "git@git.example:owner/jobs", "git@git.example:/owner/jobs.git",
        "git.example:owner/jobs.git", "git@git.example:~someone/jobs.git", "ssh://git@git.example/owner/jobs.git",
        "ssh://git@git.example:22/owner/jobs.git", "ssh://git@git.example:2222/owner/jobs.git",
        "ssh://git.example/owner/jobs.git", "ssh://git@git.example/~/jobs.git", "other@git.example:owner/jobs.git",
        "http://git.example/owner/jobs.git", "http://git.example:80/owner/jobs.git", "git://git.example/owner/jobs.git",
        "https://xn--gt-eka.example/owner/jobs", "https://[::1]/owner/jobs.git", "https://[0:0:0:0:0:0:0:1]/owner/jobs.git",
    ];

    private GitRepository _jobs = null!;

    private async Task GiveKeysAsync()
    {
        await SecretAsync("A_KEY", new { use = "run", value = "only a test's value" });
        await SecretAsync("DATABASE_URL", new { use = "run", value = "first line\nsecond line", repos = (string[])["git.example/owner/*"] });
        await SecretAsync("forge", new { use = "git", value = "a forge's test token", repos = (string[])["127.0.0.1*"], username = "ada" });
        await SecretAsync("images", new { use = "registry", value = "a registry's test password", repos = (string[])["registry.example"], username = "ada" });

        await TokenAsync("everything", new { scopes = (string[])["admin"] });
        await TokenAsync("deployer", new { scopes = (string[])["read", "deploy"], repos = (string[])["git.example/owner/*"], expires_in_s = 86_400 });
        await TokenAsync("expired", new { scopes = (string[])["read"], expires_in_s = 1 });
        var revoked = await TokenAsync("revoked", new { scopes = (string[])["read", "report"] });
        Assert.Equal(204, (await App.DeleteAsync($"/v1/tokens/{revoked}")).Status);

        foreach (var (name, key) in new[] { ("admin", (string)_known["admin_key"]!), ("deployer", (string)_known["tokens"]!["deployer"]!) })
        {
            var signedIn = await PostAsync("/v1/session", new { token = key });
            Known("sessions")[name] = signedIn.Headers["Set-Cookie"].Split('=', ';')[1];
        }

        await NotificationAsync("ops", new { url = $"{_receiver.Url}/ops", repos = (string[])["git.example/owner/blog*"] });
        await NotificationAsync("chat", new { url = $"{_receiver.Url}/chat", format = "slack", events = (string[])["deployment.failed"] });
        await NotificationAsync("slow", new { url = $"{_receiver.Url}/slow", format = "discord", events = (string[])["deployment.canceled"] });
        await NotificationAsync("dead", new { url = $"{_receiver.Url}/dead", events = (string[])["deployment.succeeded"] });
        _receiver.Script = request => request.Target switch { "/slow" => 503, "/dead" => 410, _ => 204 };
    }

    private async Task EndSomeAsync()
    {
        _jobs = await _world.Git.CreateAsync("jobs", r => r
            .File("Dockerfile", "FROM busybox AS base\nARG WORD=none\nRUN echo \"$WORD\" > /word\nCMD cat /word\nFROM base AS other\nCMD echo other\n")
            .File("parts/one/Dockerfile", "FROM busybox\nCMD echo one of the parts\n")
            .File("broken/Dockerfile", "FROM busybox\nRUN echo going; exit 7\n")
            .File("no-dockerfile/README", "none"));
        _addresses[Jobs] = _jobs.Url;
        await EndWellAsync();
        await EndBadlyAsync();
        await EndCanceledAsync();
        await EndOddOnesAsync();
    }

    private async Task EndWellAsync()
    {
        var plain = await EndAsync("Succeeded", await CreateAsync(Jobs, key: "a key of a client"));
        _known["idempotency"] = new JsonObject { ["key"] = "a key of a client", ["id"] = plain, ["body"] = BodyOf(Jobs, null, "main") };

        var reported = await RunningAsync("echo begun; echo 'on stderr' >&2; trap 'exit 0' TERM; while [ ! -f /go ]; do sleep 0.1; done; echo $A_KEY", new { secrets = (string[])["A_KEY", "DATABASE_URL"] });
        await PostAsync($"/add_results/{reported}", new { results = "reported: only a test's value" });
        using (var answer = await App.UpdateAsync(reported, "updated"))
        {
            Assert.True(answer.IsSuccessStatusCode);
        }

        await GoAsync(reported);
        await EndAsync("Succeeded", reported);
        await PostAsync($"/add_results/{reported}", new { results = "after its end" });

        var all = new
        {
            subdirectory = "parts/one",
            env = new { PLAIN = "a value", EMPTY = "" },
            labels = new { team = "a team", über = "ümlaut" },
            network = "none",
            init = false,
            kind = "job",
            timeouts = new { queue_s = 1000, clone_s = 100, build_s = 200, start_s = 50, run_s = 0 },
            resources = new { memory_mb = 64, cpus = 0.5, pids = 32 },
            build_resources = new { memory_mb = 128, cpus = 0.5 },
        };
        await EndAsync("Succeeded", await CreateAsync(Jobs, all));
        await EndAsync("Succeeded", await CreateAsync(Jobs, new { target = "base", build_args = new { WORD = "a word" }, submodules = true, commit = _jobs.Head }));
        await EndAsync("Succeeded", await CreateAsync(Jobs, new { dockerfile = "Other.Dockerfile", dockerfile_text = "FROM busybox\nCMD echo of its own text\n" }, branch: null));
        await EndAsync("Succeeded", await ScriptAsync("head -c 40000 /dev/zero | tr '\\0' x; echo; printf 'na\\357ve\\n'; printf 'no line end'"));
        await EndAsync("Succeeded", await ScriptAsync("yes 'one of many lines that fill the log' | head -n 45000; echo last"));
        var again = await PostAsync($"/v1/deployments/{plain}/retry", new { }, 201);
        await EndAsync("Succeeded", again.Json.Id());

        var status = await _world.Git.CreateAsync("owner/status", r => r.File("Dockerfile", "FROM busybox\nCMD echo told to the forge\n"));
        await EndAsync("Succeeded", await CreateAsync(status.Url));
    }

    private async Task EndBadlyAsync()
    {
        var empty = await _world.Git.CreateAsync("empty");
        foreach (var (code, id) in new[]
        {
            ("EXIT_NONZERO", await ScriptAsync("echo going; exit 3")),
            ("RUN_TIMEOUT", await ScriptAsync("sleep 600", new { timeouts = new { run_s = 1 } })),
            ("CONTAINER_START_FAILED", await CreateAsync(Jobs, new { command = (string[])["/none"] })),
            ("BUILD_FAILED", await CreateAsync(Jobs, new { subdirectory = "broken" })),
            ("DOCKERFILE_NOT_FOUND", await CreateAsync(Jobs, new { subdirectory = "no-dockerfile" })),
            ("DOCKERFILE_REFUSED", await CreateAsync(Jobs, new { dockerfile_text = "FROM busybox\nADD http://127.0.0.1:1/secret /x\n" })),
            ("BRANCH_NOT_FOUND", await CreateAsync(Jobs, branch: "mian")),
            ("COMMIT_NOT_FOUND", await CreateAsync(Jobs, new { commit = new string('0', 39) + "1" })),
            ("REPO_NOT_FOUND", await CreateAsync($"{_world.Git.Url}/none.git")),
            ("HOST_NOT_ALLOWED", await CreateAsync("https://[::1]/owner/jobs.git")),
            ("UNHEALTHY", await CreateAsync(Jobs, new { kind = "service", command = (string[])["sleep", "600"], health = new { command = (string[])["false"], interval_s = 1, start_s = 0 } })),
            ("TTL_EXPIRED", await CreateAsync(Jobs, new { kind = "service", command = (string[])["sleep", "600"], health = new { command = (string[])["true"] }, ttl_s = 1, subdirectory = "parts/one" })),
        })
        {
            var ended = await _world.EndAsync(id, TimeSpan.FromMinutes(3));
            Assert.True(code == ended.Resource.GetProperty("failure").Text("code"), $"{code}: {ended.Resource}\n{ended.Log}");
        }

        await EndAsync("Failed", await CreateAsync(empty.Url));
        var declared = await RunningAsync("echo begun; sleep 600");
        using var answer = await App.UpdateAsync(declared, "Failed");
        Assert.True(answer.IsSuccessStatusCode);
        await EndAsync("Failed", declared);
    }

    private async Task EndCanceledAsync()
    {
        var running = await RunningAsync("echo begun; exec sleep 600", new { init = true });
        await PostAsync($"/v1/deployments/{running}/cancel", new { reason = "of no use any more" }, 202);
        await EndAsync("Canceled", running);
    }

    // Each is read as the one repository that it is, or refused.
    private async Task EndOddOnesAsync()
    {
        List<long> begun = [];
        foreach (var url in OddAddresses)
        {
            _addresses[url] = _jobs.Url;
            var answer = await App.SendAsync("/v1/deployments", BodyOf(url, null, "main").ToJsonString());
            if (answer.Status == 201)
            {
                begun.Add(answer.Json.Id());
                continue;
            }

            _refused.Add(new JsonObject { ["url"] = url, ["answer"] = JsonNode.Parse(answer.Text) });
        }

        foreach (var id in begun)
        {
            await _world.EndAsync(id, TimeSpan.FromMinutes(3));
        }
    }

    private async Task<long> EndAsync(string status, long id)
    {
        var ended = await _world.EndAsync(id, TimeSpan.FromMinutes(3));
        Assert.True(ended.Status == status, $"{status}: {ended.Resource}\n{ended.Log}");
        return id;
    }

    private Task<long> ScriptAsync(string script, object? options = null)
    {
        var all = JsonSerializer.SerializeToNode(options ?? new { })!.AsObject();
        all["command"] = new JsonArray("sh", "-c", script);
        return CreateAsync(Jobs, all);
    }

    // Runs, and has said that it has begun.
    private async Task<long> RunningAsync(string script, object? options = null)
    {
        var id = await ScriptAsync(script, options);
        await _world.SeesLineAsync(id, "begun");
        return id;
    }

    // What a program of ours waits for.
    private async Task GoAsync(long id) =>
        await DockerCli.RunAsync("exec", (await _world.ContainersOfAsync(id)).Single(), "touch", "/go");

    private JsonObject Known(string part)
    {
        if (_known[part] is null)
        {
            _known[part] = new JsonObject();
        }

        return _known[part]!.AsObject();
    }

    private async Task SecretAsync(string name, object secret)
    {
        await SendAsync(HttpMethod.Put, $"/v1/secrets/{name}", secret, 204);
        Known("secrets")[name] = JsonSerializer.SerializeToNode(secret)!["value"]!.DeepClone();
    }

    private async Task<string> TokenAsync(string name, object token)
    {
        var answer = await PostAsync("/v1/tokens", With(token, "name", name), 201);
        Known("tokens")[name] = answer.Json.Text("token");
        return answer.Json.Text("id");
    }

    private async Task NotificationAsync(string name, object notification)
    {
        var answer = await PostAsync("/v1/notifications", With(notification, "name", name), 201);
        Known("notifications")[name] = new JsonObject
        {
            ["url"] = $"{_receiver.Url}/{name}",
            ["secret"] = answer.Json.TryGetProperty("secret", out var secret) ? secret.GetString() : null,
        };
    }

    private static JsonObject With(object members, string name, string value)
    {
        var all = JsonSerializer.SerializeToNode(members)!.AsObject();
        all[name] = value;
        return all;
    }
}
