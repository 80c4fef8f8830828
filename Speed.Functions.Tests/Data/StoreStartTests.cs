using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Speed.Data;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>Drives real SQLite: which database files are refused at the start, and left alone.</summary>
public sealed class StoreStartTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Database => _folder.File("deployments.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_database_of_another_program_is_refused_and_left_alone()
    {
        Run("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)");

        AssertRefused("another program");
    }

    [Fact]
    public void A_database_of_a_newer_version_is_refused_and_left_alone()
    {
        Open().Dispose();
        Run("PRAGMA user_version = 99");

        AssertRefused("newer SPEED (schema 99;");
    }

    [Fact]
    public void A_newer_version_that_stands_only_in_the_write_ahead_log_is_seen_too()
    {
        Open().Dispose();
        var (copy, wal) = (_folder.File("copy"), _folder.File("copy-wal"));
        using (var connection = Connect())
        {
            Run(connection, "PRAGMA user_version = 99");
            File.Copy(Database, copy);
            File.Copy(Database + "-wal", wal);
        }

        File.Move(copy, Database, overwrite: true);
        File.Move(wal, Database + "-wal", overwrite: true);

        AssertRefused("newer SPEED (schema 99;");
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused_and_left_alone()
    {
        File.WriteAllText(Database, new string('x', 5000));

        AssertRefused("is damaged");
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(0.6)]
    [InlineData(0.9)]
    public async Task A_damaged_database_is_refused_and_left_alone(double where)
    {
        using (var stores = Open())
        {
            for (var i = 0; i < 50; i++)
            {
                await stores.Deployments.AddAsync(new NewDeployment(SomeOptions.Of(), null, 500), Token);
            }
        }

        var bytes = await File.ReadAllBytesAsync(Database, Token);
        var page = (int)(bytes.Length * where) / 4096 * 4096;
        bytes.AsSpan(page, 4096).Fill(0x5a);
        await File.WriteAllBytesAsync(Database, bytes, Token);

        AssertRefused("is damaged");
    }

    [Fact]
    public void A_truncated_database_is_refused_and_left_alone()
    {
        Open().Dispose();
        using (var file = File.OpenWrite(Database))
        {
            file.SetLength(file.Length / 2);
        }

        AssertRefused("is damaged");
    }

    [Fact]
    public void Of_two_processes_the_second_waits_and_then_says_who_is_in_the_way()
    {
        using var first = Open();

        var fault = Assert.Throws<StoreStartException>(() => Open());

        Assert.Contains(_folder.File("speed.lock"), fault.Message, StringComparison.Ordinal);
        Assert.Contains("Speed__DataDirectory", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_process_goes_on_when_the_first_leaves()
    {
        var first = Open();
        var second = Task.Run(() => Open(lockTimeout: TimeSpan.FromSeconds(30)), Token);
        Assert.False(second.IsCompleted);

        first.Dispose();

        (await second).Dispose();
    }

    [Fact]
    public async Task A_database_that_stays_locked_by_another_process_is_named()
    {
        Open().Dispose();
        using var stranger = Connect();
        using var locked = stranger.BeginTransaction(deferred: false);
        using var host = Host("", new() { DataDirectory = _folder.FullPath, BusyTimeout = default, LockTimeout = default });

        var fault = await Assert.ThrowsAsync<StoreStartException>(() => host.StartAsync(Token));

        Assert.Contains(Database, fault.Message, StringComparison.Ordinal);
        Assert.Contains("locked", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_folder_is_its_users_alone()
    {
        using var directory = new DataDirectory(new StoreOptions { DataDirectory = _folder.File("new") });

        Assert.True(Directory.Exists(directory.FullPath));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
                File.GetUnixFileMode(directory.FullPath));
        }
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_named()
    {
        File.WriteAllText(_folder.File("file"), "");

        var fault = Assert.Throws<StoreStartException>(
            () => new DataDirectory(new StoreOptions { DataDirectory = _folder.File("file/below") }));

        Assert.Contains("Speed__DataDirectory", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1048575")]
    [InlineData("4294967297")]
    [InlineData("-1")]
    [InlineData("much")]
    public async Task A_setting_out_of_range_stops_the_start_with_a_sentence_that_names_it(string maxBytes)
    {
        using var host = Host(maxBytes);

        var fault = await Assert.ThrowsAsync<StoreStartException>(() => host.StartAsync(Token));

        Assert.Contains("Speed__Log__MaxBytes", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1048576")]
    [InlineData("4294967296")]
    [InlineData("")]
    public async Task A_host_opens_the_store_and_leaves_the_folder_when_it_ends(string maxBytes)
    {
        using (var host = Host(maxBytes))
        {
            await host.StartAsync(Token);
            var services = host.Services;
            Assert.Same(services.GetRequiredService<DbManager>(), services.GetRequiredService<IDeploymentStore>());
            Assert.Same(services.GetRequiredService<LogDatabase>(), services.GetRequiredService<ILogStore>());
            Assert.Throws<StoreStartException>(() => Open());
            await host.StopAsync(Token);
        }

        Open().Dispose();
    }

    private IHost Host(string maxBytes, StoreOptions? options = null)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["Speed:DataDirectory"] = _folder.FullPath,
                ["Speed:Log:MaxBytes"] = maxBytes,
            })
            .Build();
        var builder = new HostBuilder();
        builder.ConfigureServices(services =>
        {
            services.AddStore(configuration);
            if (options is not null)
            {
                services.AddSingleton(options);
            }
        });
        return builder.Build();
    }

    private SqliteStores Open(TimeSpan lockTimeout = default) => new(
        new StoreOptions { DataDirectory = _folder.FullPath, LockTimeout = lockTimeout },
        new Bell(),
        TimeProvider.System);

    private void AssertRefused(string why)
    {
        var before = File.ReadAllBytes(Database);

        var fault = Assert.Throws<StoreStartException>(() => Open());

        Assert.Contains(Database, fault.Message, StringComparison.Ordinal);
        Assert.Contains(why, fault.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(Database));
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={Database};Pooling=False");
        connection.Open();
        return connection;
    }

    private void Run(string sql)
    {
        using var connection = Connect();
        Run(connection, sql);
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The test's own constants.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
