using System.Text.Json;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Cli;

/// <summary>Drives SPEED over HTTP: a backup is restored by the server's own program.</summary>
public sealed class RestoreCommandTests
{
    private static readonly string Server = typeof(Speed.Endpoints.Refusal).Assembly.Location;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_restores_by_the_name_of_a_backup_once_SPEED_is_stopped()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var environment = new Dictionary<string, string>(CliRun.EnvironmentOf(app)) { ["SPEED_PROGRAM"] = Server };
        var first = await app.StartAsync("https://example.com/r.git");
        var backup = Path.GetFileName((await CliRun.RunAsync(app, "backup")).Done().Out.Trim());
        var second = await app.StartAsync("https://example.com/r.git");
        var runs = await CliRun.RunAsync(environment, "", "restore", backup);

        CliRun restored = null!;
        await app.RestartAsync(async () => restored = await CliRun.RunAsync(environment, "", "restore", backup));

        Assert.Equal((2, ""), (runs.Code, runs.Out));
        Assert.Contains("is in use by another process", runs.Error, StringComparison.Ordinal);
        restored.Done();
        Assert.Contains($"The next deployment is number {second + 1}.", restored.Out, StringComparison.Ordinal);
        Assert.Contains("are kept in", restored.Out, StringComparison.Ordinal);
        Assert.Equal("Pending", (await app.InfoAsync(first)).GetProperty("status").GetString());
        Assert.Equal(404, (int)(await app.Client.GetAsync($"/info/{second}", Now)).StatusCode);
        Assert.Equal(second + 1, await app.StartAsync("https://example.com/r.git"));
    }

    [Fact]
    public async Task Its_answer_is_one_document_where_that_is_asked_for()
    {
        using var world = new RestoreWorld();
        using (var stores = world.Open())
        {
            await stores.AddAsync();
            await world.MakeBackupAsync(stores);
        }

        var run = await CliRun.RunAsync(
            [], "", "restore", world.Backup, "--data-directory", world.Data, "--program", Server, "--without-engine", "--json");

        var report = run.Done().AsJson();
        Assert.Equal((world.Backup, 2), (report.GetProperty("backup").GetString(), report.GetProperty("next_id").GetInt32()));
        Assert.Equal(world.Replaced, report.GetProperty("replaced_folder").GetString());
        Assert.Equal(JsonValueKind.Null, report.GetProperty("unreadable").ValueKind);
    }

    [Fact]
    public async Task What_is_no_backup_and_a_program_that_is_not_there_are_told()
    {
        using var folder = new TempFolder();
        var environment = new Dictionary<string, string> { ["Speed__DataDirectory"] = folder.File("data") };

        var nothing = await CliRun.RunAsync(
            environment, "", "restore", folder.FullPath, "--program", Server, "--without-engine");
        var unknown = await CliRun.RunAsync(environment, "", "restore", folder.FullPath, "--program", folder.File("none.dll"));

        Assert.Equal((2, ""), (nothing.Code, nothing.Out));
        Assert.Contains("is no backup", nothing.Error, StringComparison.Ordinal);
        Assert.Equal(2, unknown.Code);
        Assert.Contains("SPEED_PROGRAM", unknown.Error, StringComparison.Ordinal);
    }
}
