using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Speed.Tests.Hosting;

/// <summary>Drives SPEED's process: its start, its end, and what it says to its operator.</summary>
public sealed class ProgramTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("speed-test-").FullName;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Theory]
    [InlineData("Speed__MaxRunning", "many", "Speed__MaxRunning")]
    [InlineData("Speed__Urls", "http://0.0.0.0:0", "Speed__Urls")]
    [InlineData("Speed__Git__AllowedSchemes", "gopher", "Speed__Git__AllowedSchemes")]
    [InlineData("Speed__Docker__Sandbox", "none", "Speed__Docker__Sandbox")]
    [InlineData("Speed__Log__MaxBytes", "1", "Speed__Log__MaxBytes")]
    [InlineData("Speed__DataDirectory", "/dev/null/x", "Speed__DataDirectory")]
    public async Task A_fault_of_the_operators_is_one_sentence_and_exit_code_1(string name, string value, string words)
    {
        using var speed = Run((name, value));

        var sentence = await speed.StandardError.ReadToEndAsync(Now);
        await speed.WaitForExitAsync(Now);

        Assert.Equal(1, speed.ExitCode);
        Assert.Contains(words, sentence, StringComparison.Ordinal);
        Assert.Single(sentence.TrimEnd().Split('\n'));
        Assert.DoesNotContain("   at ", await speed.StandardOutput.ReadToEndAsync(Now), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "'--restor' is no argument", "--restor", "x")]
    [InlineData(2, "'--nonsense' is no argument", "--nonsense")]
    [InlineData(2, "'--Speed:MaxRunning' has no value", "--Speed:MaxRunning")]
    [InlineData(0, "--restore BACKUP", "--help")]
    [InlineData(1, "Speed__MaxRunning", "--Speed:MaxRunning=many")]
    [InlineData(1, "Speed__MaxRunning", "--Speed:MaxRunning", "many")]
    public async Task An_argument_that_is_none_is_told_and_nothing_is_served(int exitCode, string words, params string[] arguments)
    {
        using var speed = SpeedProgram.Start(["dotnet"], _data, arguments);

        var sentence = await speed.StandardError.ReadToEndAsync(Now);
        await speed.WaitForExitAsync(Now);

        Assert.Equal(exitCode, speed.ExitCode);
        Assert.Contains(words, sentence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_git_that_is_too_old_ends_the_start()
    {
        var programs = Directory.CreateDirectory(Path.Combine(_data, "programs")).FullName;
        var git = Path.Combine(programs, "git");
        await File.WriteAllTextAsync(git, "#!/bin/sh\necho git version 2.36.9\n", Now);
        using (var chmod = Process.Start("chmod", ["700", git]))
        {
            await chmod.WaitForExitAsync(Now);
        }

        using var speed = Run(("PATH", $"{programs}:{Environment.GetEnvironmentVariable("PATH")}"));

        var sentence = await speed.StandardError.ReadToEndAsync(Now);
        await speed.WaitForExitAsync(Now);

        Assert.Equal(1, speed.ExitCode);
        Assert.StartsWith("Git 2.37 or newer is needed", sentence);
    }

    [Fact]
    public async Task An_address_that_is_taken_is_one_sentence_too()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        using var speed = Run(("Speed__Urls", $"http://{taken.LocalEndpoint}"));

        var sentence = await speed.StandardError.ReadToEndAsync(Now);
        await speed.WaitForExitAsync(Now);

        Assert.Equal(1, speed.ExitCode);
        // On stdout the host may tell of a service that was canceled before it began.
        Assert.Single(sentence.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("7", "gopher")]
    [InlineData("", "Speed__MaxRunning")]
    public async Task The_environment_wins_over_local_settings_unless_it_is_empty(string value, string words)
    {
        await File.WriteAllTextAsync(
            Path.Combine(_data, "local.settings.json"), """{"Values": {"Speed__MaxRunning": "many"}}""", Now);
        using var speed = Run(
            ("AzureWebJobsScriptRoot", _data), ("Speed__MaxRunning", value), ("Speed__Git__AllowedSchemes", "gopher"));

        Assert.Contains(words, await speed.StandardError.ReadToEndAsync(Now), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_start_says_what_to_know_and_SIGTERM_ends_in_good_order()
    {
        using var speed = Run();
        var (_, notice) = await SpeedProgram.ReadStartAsync(speed, Now);

        using var kill = Process.Start("kill", ["-TERM", $"{speed.Id}"]);
        await speed.WaitForExitAsync(Now);

        Assert.Equal(0, speed.ExitCode);
        Assert.All(
            [_data, "deployments.db", "Docker engine: ", "Keys: not required", "listens on http://127.0.0.1:"],
            words => Assert.Contains(words, notice, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("000")]
    [InlineData("077")]
    public async Task Whatever_it_inherits_SPEED_starts_keeps_its_keys_to_itself_and_ends_in_good_order(string mask)
    {
        // What the settings of this test say comes behind what is odd.
        var settings = $"Speed__DataDirectory={_data}/own Speed__Urls=http://127.0.0.1:0 Speed__MaxRunning=0";
        using var speed = SpeedProgram.Start(
            [
                Path.Combine(ArchitectureTests.Root, "eng", "odd"), "sh", "-c",
                $"umask {mask}; exec env -u AzureWebJobsScriptRoot {settings} dotnet \"$0\"",
            ],
            _data);
        var (listens, printed) = await SpeedProgram.ReadStartAsync(speed, Now);
        Assert.True(listens, printed + (listens ? "" : await speed.StandardError.ReadToEndAsync(Now)));

        var own = Path.Combine(_data, "own");
        const UnixFileMode Owners = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.Equal(Owners | UnixFileMode.UserExecute, ModeOf(own));
        Assert.All(Directory.GetFiles(own), file => Assert.Equal(Owners, ModeOf(file)));
        Assert.All(
            ["deployments.db", "logs.db", "admin.key", "secrets.key"],
            name => Assert.True(File.Exists(Path.Combine(own, name)), name));

        using var kill = Process.Start("kill", ["-TERM", $"{speed.Id}"]);
        await speed.WaitForExitAsync(Now);
        Assert.Equal(0, speed.ExitCode);
    }

    [Fact]
    public async Task The_first_start_names_the_file_of_the_admin_key_and_prints_the_key_nowhere_but_on_a_terminal()
    {
        using var speed = Run(("Speed__Auth", "required"));
        var (_, notice) = await SpeedProgram.ReadStartAsync(speed, Now);
        var file = Path.Combine(_data, "admin.key");

        Assert.Contains($"made just now, is in {file}", notice, StringComparison.Ordinal);
        Assert.DoesNotContain(
            (await File.ReadAllTextAsync(file, Now)).Trim(), notice, StringComparison.Ordinal);

        using var kill = Process.Start("kill", ["-TERM", $"{speed.Id}"]);
        await speed.WaitForExitAsync(Now);
    }

    private Process Run(params (string Name, string Value)[] settings) => SpeedProgram.Start(_data, settings);

    private static UnixFileMode ModeOf(string path) =>
        OperatingSystem.IsWindows() ? throw new PlatformNotSupportedException() : File.GetUnixFileMode(path);
}
