using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: whatever a request holds, none of it is ever run on SPEED's machine.</summary>
public sealed class InjectionTests : IAsyncLifetime
{
    private static readonly string[] Strings = ["url", "branch", "commit", "subdirectory", "dockerfile", "target"];
    private static readonly string[] Fields = [.. Strings, "build_args", "env", "command", "labels"];
    private static readonly string[] ReachGit = ["url", "branch", "commit", "subdirectory"];

    private readonly string _folder = Directory.CreateTempSubdirectory("speed-canary-").FullName;
    private GitServer _git = null!;

    private string Canary => Path.Combine(_folder, "canary");

    public async ValueTask InitializeAsync() => _git = await GitServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _git.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Nothing_of_a_request_is_run()
    {
        var requests = Requests().ToArray();
        var accepted = await AcceptedAsync(requests);
        var fetched = accepted.Where(request => ReachGit.Contains(request.Field))
            .DistinctBy(request => (request.Field, request.Command)).ToArray();
        await CreateRepositoryAsync(fetched);

        await DeployAllAsync(fetched);

        Assert.InRange(requests.Length, 500, 2_000);
        Assert.InRange(fetched.Length, 50, 150);
        Assert.False(File.Exists(Canary));
    }

    [Fact]
    public async Task The_canary_can_sing()
    {
        foreach (var command in Commands().Take(4))
        {
            using var shell = Process.Start("sh", ["-c", "true " + command]);
            await shell.WaitForExitAsync(TestContext.Current.CancellationToken);

            Assert.True(File.Exists(Canary), command);
            File.Delete(Canary);
        }
    }

    private IEnumerable<string> Commands()
    {
        var touch = $"touch${{IFS}}{Canary}";
        string[] shell =
        [
            $";{touch}", $"&&{touch}", $"$({touch})", $"`{touch}`", $"|{touch}", $"&{touch}", $"||{touch}", $"\n{touch}",
            $"\r\n{touch}\r\n", $"';{touch};'", $"\";{touch};\"", $"'\"$({touch})\"'", $">{Canary}", $"{{touch,{Canary}}}",
            $"\\;{touch}", $"%0a{touch}", $"\u2028{touch}", $"\0{touch}", $"<({touch})", $"!{touch}",
        ];
        string[] options =
        [
            $"--upload-pack={touch}", $"-u{touch}", $"--exec={touch}", $"--config=core.sshCommand={touch}",
            $"-ccore.fsmonitor={touch}", $"-oProxyCommand={touch}", $"--output={Canary}", $"--template={_folder}",
            $"--git-dir={_folder}", $"ext::sh -c {touch}", $"ext::{touch}% x", "fd::17", $"file://{Canary}",
            $"transport::{Canary}", $"@{{{touch}}}", $":(exclude){Canary}", $"refs/heads/main:{Canary}", $"../../{Canary}",
        ];
        return shell.Concat(options);
    }

    private IEnumerable<Request> Requests() =>
        from field in Fields
        from command in Commands()
        from payload in Placed(field, command).Distinct()
        select new Request(field, command, Shaped(field, payload));

    // As it is, and behind what would be right.
    private IEnumerable<string> Placed(string field, string command) => field switch
    {
        "url" => [command, $"{_git.Url}/{command}", $"http://127.0.0.1{command}/app.git"],
        "commit" => [command, new string('a', 40) + command],
        _ => [command, "main" + command],
    };

    private static object Shaped(string field, string payload) => field switch
    {
        "build_args" or "env" => new Dictionary<string, string> { ["VALUE"] = payload, [payload] = "name" },
        "labels" => new Dictionary<string, string> { ["value"] = payload, [payload] = "name" },
        "command" => (string[])[payload, payload],
        _ => payload,
    };

    private string Body(Request request)
    {
        var body = new Dictionary<string, object> { ["url"] = $"{_git.Url}/app.git", ["branch"] = "main" };
        body[request.Field] = request.Value;
        return JsonSerializer.Serialize(body);
    }

    private async Task<IReadOnlyCollection<Request>> AcceptedAsync(IEnumerable<Request> requests)
    {
        await using var app = await SpeedApp.OpenIdleAsync(new() { ["Speed__MaxQueued"] = "10000" });
        var accepted = new ConcurrentBag<Request>();
        await Parallel.ForEachAsync(requests, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (request, _) =>
        {
            var answer = await app.SendAsync("/start", Body(request));
            Assert.True(answer.Status is 201 or 400, $"{answer.Status} to {Body(request)}");
            if (answer.Status == 201)
            {
                accepted.Add(request);
            }
        });
        return accepted;
    }

    // The branches are there: what is in their names goes all the way. There is no Dockerfile to go on with.
    private Task<GitRepository> CreateRepositoryAsync(IEnumerable<Request> requests) =>
        _git.CreateAsync("app", repository =>
        {
            repository.File("a", "1").Commit("First");
            foreach (var request in requests.Where(request => request.Field == "branch"))
            {
                repository.Branch((string)request.Value);
            }
        });

    private async Task DeployAllAsync(IEnumerable<Request> requests)
    {
        await using var app = await SpeedApp.OpenAsync(new() { ["Speed__MaxRunning"] = "4" });
        var ids = new List<long>();
        foreach (var request in requests)
        {
            var answer = await app.SendAsync("/start", Body(request));
            ids.Add(JsonDocument.Parse(answer.Text).RootElement.GetProperty("id").GetInt64());
        }

        foreach (var id in ids)
        {
            Assert.Equal("Failed", (await app.WaitForEndAsync(id)).GetProperty("status").GetString());
        }
    }

    private sealed record Request(string Field, string Command, object Value);
}
