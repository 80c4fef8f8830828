using System.Diagnostics;
using System.Text.Json;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Hosts;

/// <summary>Drives a process: what <c>dotnet publish</c> leaves for a Functions host, and a worker made of it.</summary>
public sealed class PublishTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_is_published_has_all_that_a_host_asks_for_and_all_functions()
    {
        var app = _folder.File("app");
        await PublishAsync(app);

        var files = Directory.EnumerateFiles(app, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(app, file)).ToHashSet();
        Assert.Superset(
            new HashSet<string>
            {
                "host.json", "worker.config.json", "extensions.json", "functions.metadata", "Speed.Functions.dll",
                ".azurefunctions/Microsoft.Azure.WebJobs.Extensions.FunctionMetadataLoader.dll", "wwwroot/openapi.json",
            },
            files);
        Assert.DoesNotContain("local.settings.json", files);
        Assert.Equal(
            "Speed.Functions.dll",
            Json("worker.config.json").GetProperty("description").GetProperty("defaultWorkerPath").GetString());
        Assert.Equal("", HostedFunction.ReadRoutePrefix(app));

        var settings = new Dictionary<string, string>
        {
            ["Speed__DataDirectory"] = _folder.File("data"),
            ["Speed__Auth"] = "off",
            ["Speed__MaxRunning"] = "0",
        };
        await using var host = await FunctionsHost.StartAsync(
            app, WorkerProcess.Starting(Path.Combine(app, "Speed.Functions.dll"), settings));
        var described =
            from path in OpenApi.ContractHandler.Document.GetProperty("paths").EnumerateObject()
            from operation in path.Value.EnumerateObject()
            select operation.Value.GetProperty("operationId").GetString();
        string[] names = [.. described.Append("ZUnknown").Order(StringComparer.Ordinal)];

        Assert.Equal(names, host.Functions.Select(function => function.Name));
        Assert.Equal(names, Json("functions.metadata").EnumerateArray()
            .Select(function => function.GetProperty("name").GetString()!).Order(StringComparer.Ordinal));

        JsonElement Json(string file) => JsonElement.Parse(File.ReadAllText(Path.Combine(app, file)));
    }

    // What was built for the tests, or each run would build all of it once more.
    private static async Task PublishAsync(string output)
    {
        using var publish = Process.Start(new ProcessStartInfo(
            "dotnet",
            [
                "publish", "Speed.Functions", "--no-build", "--configuration", HostedSpeed.Configuration,
                "--output", output, "--nologo", "--disable-build-servers",
            ])
        {
            WorkingDirectory = ArchitectureTests.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["DOTNET_NOLOGO"] = "1",
                ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
                ["DOTNET_GENERATE_ASPNET_CERTIFICATE"] = "false",
            },
        })!;
        var faults = publish.StandardError.ReadToEndAsync(Now);
        var said = await publish.StandardOutput.ReadToEndAsync(Now);
        await publish.WaitForExitAsync(Now);
        Assert.True(publish.ExitCode == 0, said + await faults);
    }
}
