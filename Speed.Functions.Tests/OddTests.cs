using System.Diagnostics;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests;

/// <summary>Drives a process: this very test program by `eng/odd`, as `eng/test --odd` does with all tests.</summary>
public sealed class OddTests : IDisposable
{
    private static readonly string[] Sample =
    [
        "Speed.Tests.InheritedTests", "Speed.Tests.Cli.ProcessTests", "Speed.Tests.Data.StoreStartTests",
        "Speed.Tests.Security.SecretVaultTests", "Speed.Tests.Sources.GitSettingsTests",
    ];

    private readonly TempFolder _folder = new();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Tests_pass_whatever_they_inherit()
    {
        var temporary = Directory.CreateDirectory(_folder.File("with a space")).FullName;
        string[] filters = [.. Sample.SelectMany(name => new[] { "--filter-class", name })];
        using var tests = Process.Start(new ProcessStartInfo(
            Path.Combine(ArchitectureTests.Root, "eng", "odd"),
            ["dotnet", typeof(OddTests).Assembly.Location, "--progress", "off", .. filters])
        {
            RedirectStandardOutput = true,
            Environment = { ["TMPDIR"] = temporary },
        })!;

        var said = await tests.StandardOutput.ReadToEndAsync(Now);
        await tests.WaitForExitAsync(Now);

        Assert.True(tests.ExitCode == 0, said);
        Assert.DoesNotContain("succeeded: 0", said, StringComparison.Ordinal);
        Assert.Contains("failed: 0", said, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(temporary));
    }
}
