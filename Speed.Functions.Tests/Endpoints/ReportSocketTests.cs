using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP, real files and a process: where the socket that programs report through is made.</summary>
[Trait("Host", "Both")]
public sealed class ReportSocketTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task In_a_folder_that_another_may_write_no_socket_is_made_until_it_is_ones_own_again()
    {
        // Too deep for a socket's address: then the folder is one in the folder for all temporary files.
        await using var app = await SpeedApp.OpenIdleAsync(
            new() { ["Speed__DataDirectory"] = Directory.CreateDirectory(_folder.File(new string('d', 110))).FullName });
        var reports = app.Services.GetRequiredService<ReportFolder>();
        Assert.StartsWith(Path.GetTempPath(), reports.FullPath, StringComparison.Ordinal);
        Assert.True(File.Exists(reports.Socket));

        await app.RestartAsync(() => ChangeModeAsync("0777", reports.FullPath));
        Assert.False(File.Exists(reports.Socket));

        await app.RestartAsync(() => ChangeModeAsync("0755", reports.FullPath));
        Assert.True(File.Exists(reports.Socket));

        Directory.Delete(reports.FullPath, recursive: true);
    }

    private static async Task ChangeModeAsync(string mode, string path)
    {
        using var chmod = Process.Start("chmod", [mode, path]);
        await chmod.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, chmod.ExitCode);
    }
}
