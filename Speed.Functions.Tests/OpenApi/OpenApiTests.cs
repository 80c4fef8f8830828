using Microsoft.Extensions.DependencyInjection;
using Speed.Endpoints;
using Xunit;

namespace Speed.Tests.OpenApi;

/// <summary>Drives SPEED over HTTP: the document is the one that the functions make.</summary>
public sealed class OpenApiTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_function_is_described_and_nothing_else_is()
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        // To describe one, add it to Speed.Functions.Tests/OpenApi/descriptions.json.
        Assert.Empty(ApiDocument.FindStrays(app.Services.GetRequiredService<FunctionTable>()));
    }

    [Fact]
    public async Task The_document_among_the_sources_is_the_one_that_the_functions_make()
    {
        var file = Path.Combine(ArchitectureTests.Root, "Speed.Functions", "wwwroot", "openapi.json");
        var made = await ApiDocument.MakeAsync();
        if (Environment.GetEnvironmentVariable("SPEED_WRITE_OPENAPI") == "1")
        {
            await File.WriteAllTextAsync(file, made, Now);
        }

        var kept = await File.ReadAllTextAsync(file, Now);

        Assert.True(made == kept, $"{file} is not current: run this test with SPEED_WRITE_OPENAPI=1 to write it anew.");
    }

    [Fact]
    public async Task Anybody_may_read_the_document()
    {
        await using var app = await Security.Keys.OpenAsync();

        var document = await app.GetAsync("/openapi.json");

        Assert.StartsWith("3.1", document.GetProperty("openapi").GetString(), StringComparison.Ordinal);
    }
}
