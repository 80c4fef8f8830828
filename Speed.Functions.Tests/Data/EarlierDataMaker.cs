using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Speed.Data;
using Speed.Deployments;
using Speed.Sources;
using Speed.Tests.EndToEnd;
using Speed.Tests.Notifications;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>
/// Makes a data directory with everything in it that the present program can leave behind, by its API, on a real engine,
/// with Git on loopback; at the end a few rows by its store alone, as another host would have left them. Takes a minute
/// or two. <c>Earlier/e2d8fba.*</c> was made by it from commit e2d8fba.
/// <code>
/// SPEED_WRITE_EARLIER_DATA=$(git rev-parse --short=7 HEAD) unshare --uts sh -c 'hostname speed-host; exec
///     dotnet Speed.Functions.Tests.dll --filter-class "*EarlierDataTests"'
/// </code>
/// The name of the host is in the rows: hence another one. It refuses to speak for a commit whose program is not the
/// one that runs.
/// </summary>
internal sealed partial class EarlierDataMaker : IAsyncDisposable
{
    private const string Switch = "SPEED_WRITE_EARLIER_DATA";
    private const int MaxRunning = 7;

    private readonly ConcurrentDictionary<string, string> _addresses = new(StringComparer.Ordinal);
    private readonly JsonObject _known = [];
    private readonly JsonArray _refused = [];
    private readonly World _world;
    private Receiver _receiver = null!;
    private GitServer _silent = null!;

    private EarlierDataMaker() => _world = new World
    {
        Settings = new()
        {
            ["Speed__Auth"] = "required",
            ["Speed__MaxRunning"] = MaxRunning.ToString(CultureInfo.InvariantCulture),
            ["Speed__Log__MaxBytes"] = "1048576",
            ["Speed__Git__AllowedSchemes"] = "https,http,ssh",
            ["Speed__Notify__AllowedHosts"] = "127.0.0.1",
            ["Speed__Notify__Forges"] = "127.0.0.1=gitea",
        },
        Change = services => services.AddSingleton<ISource>(
            provider => new ExampleSource(provider.GetRequiredService<GitSource>(), _addresses)),
    };

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private SpeedApp App => _world.App;

    /// <summary>Does nothing unless the environment names the commit of the program that runs.</summary>
    public static async Task WriteIfAskedAsync()
    {
        if (Environment.GetEnvironmentVariable(Switch) is not { Length: > 0 } commit)
        {
            return;
        }

        await RefuseOthersAsync(commit);
        await using var maker = new EarlierDataMaker();
        await maker.StartAsync();
        await maker.GiveKeysAsync();
        await maker.EndSomeAsync();
        await maker.BringServicesUpAsync();
        await maker.PushAsync();
        var (folder, engine) = await maker.LeaveOpenAsync();
        await AddAsAnotherHostAsync(folder);
        await maker.WriteAsync(commit, folder, engine);
    }

    public async ValueTask DisposeAsync()
    {
        await _world.DisposeAsync();
        await _receiver.DisposeAsync();
        await _silent.DisposeAsync();
    }

    private static async Task RefuseOthersAsync(string commit)
    {
        using var git = Process.Start(
            "git", ["-C", ArchitectureTests.Root, "diff", "--quiet", commit, "--", "Speed.Functions", "Directory.Packages.props"]);
        await git.WaitForExitAsync(Now);
        Assert.True(git.ExitCode == 0, $"The program that runs is not that of {commit}, which {Switch} names.");
        Assert.False(File.Exists(EarlierData.FileOf(commit, "zip")), "What is there stays for ever.");
    }

    private async Task StartAsync()
    {
        await _world.InitializeAsync();
        _receiver = await Receiver.StartAsync();
        _silent = await GitServer.StartAsync();
        _silent.Hang();
        App.Client.DefaultRequestHeaders.Authorization = new("Bearer", App.AdminKey());
        _known["admin_key"] = App.AdminKey();
    }

    // What the API makes of these options; the branch is left out where it is null.
    private async Task<long> CreateAsync(string url, object? options = null, string? branch = "main", string? key = null)
    {
        var body = BodyOf(url, options, branch);
        var answer = await App.SendAsync("/v1/deployments", body.ToJsonString(), idempotencyKey: key);
        Assert.True(answer.Status == 201, $"{url}: {answer.Text}");
        return answer.Json.Id();
    }

    private static JsonObject BodyOf(string url, object? options, string? branch)
    {
        var body = JsonSerializer.SerializeToNode(options ?? new { })!.AsObject();
        body["url"] = url;
        if (branch is not null)
        {
            body["branch"] = branch;
        }

        return body;
    }

    private async Task<Answer> SendAsync(HttpMethod method, string path, object body, int status)
    {
        var answer = await App.SendAsync(path, JsonSerializer.Serialize(body), method: method);
        Assert.True(answer.Status == status, $"{path}: {answer.Text}");
        return answer;
    }

    private Task<Answer> PostAsync(string path, object body, int status = 200) =>
        SendAsync(HttpMethod.Post, path, body, status);

    // The copy as it is kept: what the engine had goes into the expectation beside it.
    private async Task WriteAsync(string commit, string folder, JsonObject engine)
    {
        foreach (var name in new[] { "deployments.db", "logs.db" })
        {
            using var file = SqliteSession.Open(
                Path.Combine(folder, name), SqliteOpenMode.ReadWrite, TimeSpan.FromSeconds(5));
            file.Run("VACUUM");
            file.Run("PRAGMA wal_checkpoint(TRUNCATE)");
        }

        var expected = new JsonObject
        {
            ["made_by"] = commit,
            ["made_at"] = TimeProvider.System.GetUtcNow().ToString("O", CultureInfo.InvariantCulture),
            ["known"] = _known,
            ["refused"] = _refused,
            ["engine"] = engine,
            ["rows"] = EarlierReading.Shorten(EarlierReading.ReadRows(folder)),
        };
        Directory.CreateDirectory(EarlierData.Folder);
        foreach (var left in Directory.GetFiles(folder).Where(file => Path.GetExtension(file) is not (".db" or ".key")))
        {
            File.Delete(left);
        }

        await ZipFile.CreateFromDirectoryAsync(
            folder, EarlierData.FileOf(commit, "zip"), CompressionLevel.SmallestSize, includeBaseDirectory: false, Now);
        await using (var app = await EarlierData.Of(folder, expected).OpenStillAsync())
        {
            expected["reads"] = await EarlierReading.ReadAsync(app);
        }

        await File.WriteAllTextAsync(EarlierData.FileOf(commit, "json"), EarlierForm.Write(expected), Now);
    }
}
