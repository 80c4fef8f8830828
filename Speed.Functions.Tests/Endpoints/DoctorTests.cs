using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: what the doctor looks at, and the way out it names.</summary>
public sealed class DoctorTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_a_healthy_SPEED_the_doctor_names_what_it_looked_at_with_versions()
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var report = await app.GetAsync("/v1/doctor");

        var checks = report.GetProperty("checks").EnumerateArray().ToDictionary(
            check => check.GetProperty("name").GetString()!, check => check.GetProperty("detail").GetString()!);
        Assert.Equal(
            [
                ".net", "backups", "clock", "data directory", "deployments.db", "disk", "docker", "docker builds",
                "docker clock", "docker fixes", "docker limits", "docker without a record", "git", "git fixes", "git memory",
                "logs.db", "runc fixes", "volumes",
            ],
            checks.Keys.Order(StringComparer.Ordinal));
        Assert.Matches(@"^\.NET 10\.", checks[".net"]);
        Assert.Matches(@"^git version 2\.\d+", checks["git"]);
        Assert.EndsWith("s of 2025-11-05", checks["git fixes"].TrimEnd('.'), StringComparison.Ordinal);
        Assert.Matches(@"^\d+\.\d+.* (has all|is older).*s of 2025-11-05\.?$", checks["docker fixes"]);
        Assert.Matches(@"^v?\d+\.\d+.* (has all|is older).*s of 2025-11-05\.?$", checks["runc fixes"]);
        Assert.Equal("2,048 MiB at most (Speed__Git__MemoryMb)", checks["git memory"]);
        Assert.Matches(@"^Docker \d+.* \(API 1\.\d+\) at ", checks["docker"]);
        Assert.Matches(@"^SQLite 3\.\d+\.\d+, sound$", checks["deployments.db"]);
        Assert.Matches(@"MiB free", checks["disk"]);
        Assert.Equal(app.DataDirectory, checks["data directory"]);
        Assert.Equal(
            "none by schedule (Speed__Backup__Every); there is none yet; secrets.key, admin.key and volumes are in none",
            checks["backups"]);
        Assert.Equal("nothing", checks["docker without a record"]);
        // Of what may be otherwise on a good machine there is the engine's own kernel alone.
        Assert.All(
            report.GetProperty("checks").EnumerateArray().Where(check => !check.GetProperty("ok").GetBoolean()),
            check => Assert.Equal("docker limits", check.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task What_is_wrong_is_told_with_the_way_out()
    {
        await using var app = await SpeedApp.OpenAsync(
            new()
            {
                ["Speed__MaxRunning"] = "0",
                ["Speed__Docker__Endpoint"] = "unix:///no/engine.sock",
                ["Speed__Auth"] = "off",
            },
            services => services.AddSingleton<MeasureDisk>(_ => new DiskSpace(1, 1_000_000_000)));
        using (var chmod = Process.Start("chmod", ["755", app.DataDirectory]))
        {
            await chmod.WaitForExitAsync(Now);
        }

        var report = await app.GetAsync("/v1/doctor");

        Assert.False(report.GetProperty("ok").GetBoolean());
        Assert.Contains("Speed__Docker__Endpoint", FixOf(report, "docker"), StringComparison.Ordinal);
        Assert.Contains("/v1/gc", FixOf(report, "disk"), StringComparison.Ordinal);
        Assert.Contains("chmod 700", FixOf(report, "data directory"), StringComparison.Ordinal);
    }

    private static string FixOf(JsonElement report, string name) =>
        report.GetProperty("checks").EnumerateArray()
            .Single(check => check.GetProperty("name").GetString() == name).GetProperty("fix").GetString()!;
}
