using System.IO.Compression;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Speed.Deployments;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>
/// A copy of a data directory that an earlier program made, for tests of what a later one makes of it. Named by the
/// commit of that program: <c>Earlier/e2d8fba.zip</c> has both databases and both keys, of schema 13 and 2, and
/// <c>Earlier/e2d8fba.json</c> what that program itself read of them. <see cref="EarlierDataMaker"/> made both. The keys
/// open nothing but this. Disposing it removes the copy.
/// </summary>
internal sealed class EarlierData : IDisposable
{
    /// <summary>The program before the first migration that this data has to stand.</summary>
    public const string First = "e2d8fba";

    // Nobody listens there: what is at work under SPEED cannot be judged by what an engine says.
    private const string NoEngine = "unix:///nonexistent/docker.sock";

    // Whom they would tell is on this machine's loopback, and is somebody else by now; and old things would go.
    private static readonly Type[] Others = [typeof(NotificationWorker), typeof(Housekeeping)];

    private static readonly Type[] Workers = [.. Others, typeof(DeploymentWorker), typeof(Pulse)];

    private EarlierData(string fullPath, JsonObject expected)
    {
        (FullPath, Expected) = (fullPath, expected);
        MadeAt = DateTimeOffset.Parse(
            (string)expected["made_at"]!, System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>A data directory: <c>Speed__DataDirectory</c>, or <c>StoreOptions.DataDirectory</c>.</summary>
    public string FullPath { get; }

    /// <summary>
    /// <c>known</c>: what no later program may need to be told again, keys above all. <c>reads</c>: what the API told.
    /// <c>rows</c>: what the tables held. <c>engine</c>: what the engine had of it. <c>refused</c>: addresses that could
    /// not get in.
    /// </summary>
    public JsonObject Expected { get; }

    public DateTimeOffset MadeAt { get; }

    /// <summary>A clock that begins an hour after the data was made: sessions are still open, nothing is old.</summary>
    public TimeProvider Time => new LaterTime(MadeAt.AddHours(1));

    /// <summary>A value of <c>known</c>.</summary>
    public string Known(params string[] path) =>
        (string)path.Aggregate((JsonNode)Expected["known"]!, (part, name) => part[name]!)!;

    /// <summary>The commits of the programs whose data is kept.</summary>
    public static TheoryData<string> Commits =>
        [.. Directory.GetFiles(Folder, "*.zip").Select(file => Path.GetFileNameWithoutExtension(file)).Order()];

    public static async Task<EarlierData> CopyAsync(string commit = First)
    {
        var expected = EarlierForm.Read(await File.ReadAllTextAsync(FileOf(commit, "json")));
        var folder = Directory.CreateTempSubdirectory("speed-test-").FullName;
        await ZipFile.ExtractToDirectoryAsync(FileOf(commit, "zip"), folder, overwriteFiles: true);
        foreach (var key in Directory.GetFiles(folder, "*.key"))
        {
            // A key that others may read is refused.
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }
        }

        return new EarlierData(folder, expected);
    }

    /// <summary>
    /// The present program on this data, with all that changes data by itself taken out: everything stands as it was
    /// left. Its client has the admin key. Once only: it removes the folder.
    /// </summary>
    /// <param name="settings">More of them, as in the environment.</param>
    public Task<SpeedApp> OpenStillAsync(params (string Name, string Value)[] settings) =>
        OpenAsync(services => Remove(services, Workers), settings);

    /// <summary>
    /// The present program on this data with its worker, but without an engine and without repositories: it takes over
    /// what was at work, and can bring none of it to an end. Once only: it removes the folder.
    /// </summary>
    public Task<SpeedApp> OpenAwayAsync() => OpenAsync(services =>
    {
        Remove(services, Others);
        services.AddSingleton<ISource, SilentSource>();
    });

    public void Dispose()
    {
        if (Directory.Exists(FullPath))
        {
            Directory.Delete(FullPath, recursive: true);
        }
    }

    internal static string Folder { get; } =
        Path.Combine(ArchitectureTests.Root, "Speed.Functions.Tests", "Data", "Earlier");

    internal static string FileOf(string commit, string extension) => Path.Combine(Folder, $"{commit}.{extension}");

    /// <summary>Of a folder that has no expectation yet.</summary>
    internal static EarlierData Of(string folder, JsonObject expected) => new(folder, expected);

    private async Task<SpeedApp> OpenAsync(
        Action<IServiceCollection> change, params (string Name, string Value)[] settings)
    {
        var time = Time;
        var all = new Dictionary<string, string>
        {
            ["Speed__DataDirectory"] = FullPath,
            ["Speed__Auth"] = "required",
            ["Speed__MaxRunning"] = "0",
            ["Speed__Docker__Endpoint"] = NoEngine,
            ["Speed__Git__AllowedSchemes"] = "https,http,ssh",
            ["Speed__Notify__AllowedHosts"] = "127.0.0.1",
        };
        foreach (var (name, value) in settings)
        {
            all[name] = value;
        }

        var app = await SpeedApp.OpenAsync(all, services =>
        {
            services.AddSingleton(time);
            change(services);
        });
        app.Client.DefaultRequestHeaders.Authorization = new("Bearer", app.AdminKey());
        return app;
    }

    private static void Remove(IServiceCollection services, Type[] workers)
    {
        foreach (var worker in workers)
        {
            services.Remove(services.Single(
                service => service.ServiceType == typeof(IHostedService) && service.ImplementationType == worker));
        }
    }

    private sealed class LaterTime(DateTimeOffset start) : TimeProvider
    {
        private readonly long _since = System.GetTimestamp();

        public override DateTimeOffset GetUtcNow() => start + System.GetElapsedTime(_since);
    }

    private sealed class SilentSource : ISource
    {
        public async Task<ISourceTree> FetchAsync(
            Deployment deployment, DeploymentSecrets secrets, DeploymentLog log, CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            throw new InvalidOperationException("It has no end.");
        }
    }
}
