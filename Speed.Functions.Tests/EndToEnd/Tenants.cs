using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Proxy;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>
/// One SPEED with two tenants, each with a token for its own repositories. The second has a service that is up, with a
/// volume, a fixed port, a host, secrets, a cache, a hook and a notification, all of which bear its word; the first tries.
/// </summary>
public sealed class Tenants : IAsyncLifetime
{
    public const string Word = "zebra";
    public const string Secret = "ZEBRA_KEY";
    public const string GitSecret = "zebra_login";
    public const string Host = "zebra.example.org";

    /// <summary>The name of a cache mount and a volume, which both tenants use.</summary>
    public const string Shared = "striped";

    private int _repositories;
    private string _container = "";

    public Tenants() => World = new World
    {
        Settings =
        {
            ["Speed__Auth"] = "required",
            ["Speed__Proxy__Urls"] = "http://127.0.0.1:0",
            ["Speed__Services__HostPorts"] = $"{FixedPort}",
        },
    };

    public World World { get; }

    public SpeedApp App => World.App;

    public int FixedPort { get; } = FreePort.Find();

    /// <summary>The second's repository, and its service.</summary>
    public GitRepository Theirs { get; private set; } = null!;

    public long TheirId { get; private set; }

    public string TheirToken { get; private set; } = "";

    public string MyToken { get; private set; } = "";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await World.InitializeAsync();
        App.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", App.AdminKey());
        MyToken = await TokenAsync("mine");
        TheirToken = await TokenAsync(Word, Host);
        Theirs = await World.Git.CreateAsync($"team-{Word}/app", r => r.File(
            "Dockerfile",
            $$"""
            FROM busybox
            RUN --mount=type=cache,id={{Shared}},target=/cache echo {{Word}} > /cache/x
            RUN mkdir /www && printf {{Word}} > /www/index.html
            EXPOSE 8080
            {{Services.Healthcheck}}CMD echo {{Word}} | tee /data/x; exec httpd -f -p 8080 -h /www

            """));
        await MakeAsync("PUT", $"/v1/secrets/{Secret}", new { value = $"{Word}'s own", use = "run", repos = new[] { RepoOf(Word) } });
        await MakeAsync("PUT", $"/v1/secrets/{GitSecret}", new { value = $"{Word}'s login", use = "git", repos = new[] { RepoOf(Word) } });
        await MakeAsync("POST", "/v1/hooks", new { name = Word, forge = "github", url = Theirs.Url, branches = new[] { "main" } });
        await MakeAsync("POST", "/v1/notifications", new { name = Word, url = "https://zebra.example.org/x", events = new[] { "deployment.failed" } });
        TheirId = await StartAsync(
            Theirs, TheirToken,
            new
            {
                hosts = new[] { Host },
                ports = new[] { new { container = 8080, host = FixedPort } },
                volumes = new[] { new { name = Shared, path = "/data" } },
                secrets = new[] { Secret },
                env = new Dictionary<string, string> { ["STRIPES"] = Word },
            });
        await World.UpAsync(TheirId);
        _container = Assert.Single(await World.ContainersOfAsync(TheirId));
    }

    public ValueTask DisposeAsync() => World.DisposeAsync();

    /// <summary>A repository of the first's own.</summary>
    public Task<GitRepository> NewAsync(string dockerfile) => World.Git.CreateAsync(
        $"team-mine/app{Interlocked.Increment(ref _repositories)}", r => r.File("Dockerfile", dockerfile));

    /// <summary>Asks as the first.</summary>
    public Task<Answer> AskAsync(string method, string path, object? body = null, params (string Name, string Value)[] headers) =>
        App.AskAsync(method, path, MyToken, body, headers);

    public Task<Answer> CreateAsync(GitRepository repository, object? options = null, string? token = null)
    {
        var body = new Dictionary<string, object?> { ["url"] = repository.Url, ["branch"] = "main" };
        foreach (var member in JsonSerializer.SerializeToElement(options ?? new { }).EnumerateObject())
        {
            body[member.Name] = member.Value;
        }

        return App.AskAsync("POST", "/v1/deployments", token ?? MyToken, body);
    }

    public async Task<long> StartAsync(GitRepository repository, string token, object? options = null)
    {
        var answer = await CreateAsync(repository, options, token);
        Assert.True(answer.Status == 201, answer.Text);
        return answer.Json.Id();
    }

    public Task<Ended> EndAsync(long id) => World.EndAsync(id);

    /// <summary>What the operator sees of the second's service.</summary>
    public Task<JsonElement> TheirsAsync() => App.GetDeploymentAsync(TheirId);

    /// <summary>The address of its container.</summary>
    public Task<string> TheirAddressAsync() =>
        InspectAsync("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}");

    /// <summary>The name and the id of its image.</summary>
    public async Task<(string Name, string Id)> TheirImageAsync() =>
        (await InspectAsync("{{.Config.Image}}"), await InspectAsync("{{.Image}}"));

    /// <summary>What a client gets by the proxy under this name.</summary>
    public async Task<string> BehindAsync(string host)
    {
        var address = App.Services.GetRequiredService<ReverseProxy>().Addresses.First();
        using var client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, address.Port, token);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        return await client.GetStringAsync($"http://{host}/", Now);
    }

    public static void TellsNothing(Answer answer, string of)
    {
        var headers = string.Join('\n', answer.Headers.Select(header => $"{header.Key}: {header.Value}"));
        Assert.False(
            $"{headers}\n{answer.Text}".Contains(Word, StringComparison.OrdinalIgnoreCase), $"{of}: {answer.Status} {headers}\n{answer.Text}");
    }

    /// <summary>The second's service runs where it ran, says what it said, and has its data.</summary>
    public async Task IsUntouchedAsync()
    {
        var now = await TheirsAsync();
        Assert.Equal(("Running", 1), (now.Text("status"), now.GetProperty("attempt").GetInt32()));
        Assert.Equal([_container], await World.ContainersOfAsync(TheirId));
        Assert.Equal(Word, (await DockerCli.RunAsync("exec", _container, "cat", "/data/x")).Trim());
        using var client = new HttpClient();
        Assert.Equal(Word, await client.GetStringAsync($"http://127.0.0.1:{FixedPort}/", Now));
        Assert.Equal(Word, await BehindAsync(Host));
        Assert.Equal(
            [Secret, GitSecret], (await App.GetAsync("/v1/secrets")).GetProperty("items").EnumerateArray().Select(one => one.Text("name")).Order());
        Assert.DoesNotContain("mine", await App.ResultsAsync(TheirId), StringComparison.Ordinal);
    }

    private async Task<string> InspectAsync(string format) =>
        (await DockerCli.RunAsync("inspect", "--format", format, _container)).Trim();

    private string RepoOf(string team) => $"{new Uri(World.Git.Url).Authority}/team-{team}/*";

    private async Task<string> TokenAsync(string team, params string[] hosts)
    {
        var made = await App.AskAsync(
            "POST", "/v1/tokens", App.AdminKey(),
            new { name = team, scopes = new[] { "read", "deploy", "report" }, repos = new[] { RepoOf(team) }, hosts });
        Assert.True(made.Status == 201, made.Text);
        return made.Json.Text("token");
    }

    private async Task MakeAsync(string method, string path, object body)
    {
        var made = await App.AskAsync(method, path, App.AdminKey(), body);
        Assert.True(made.Status is 200 or 201 or 204, made.Text);
    }
}
