using Microsoft.Extensions.DependencyInjection;
using Speed.Hooks;
using Xunit;

namespace Speed.Tests.Hooks;

/// <summary>Drives SPEED over HTTP: hooks with patterns that were kept before there were rules for them.</summary>
public sealed class PatternsOfBeforeTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("*", "/www/*", "www/index.html", true)]
    [InlineData("*", "**/*.cs", "Program.cs", true)]
    [InlineData("*", "src/*, www/*", "www/index.html", true)]
    [InlineData("*", "a, b.txt", "a, b.txt", true)]
    [InlineData("*", "!docs/*", "docs/a.md", false)]
    [InlineData("*", "app/[id]/page.tsx", "app/[id]/page.tsx", true)]
    [InlineData("*", "src/*", "src/a/b.c", true)]
    [InlineData("refs/heads/main", "*", "a", true)]
    [InlineData("main", "*.md", "docs/a/b.md", true)]
    public async Task Each_goes_on_with_what_it_means(string branches, string paths, string file, bool starts)
    {
        await using var app = await OpenAsync(branches, paths);

        var answer = await app.DeliverAsync(Payloads.GithubPush(files: [file]));

        Assert.Equal(starts ? "started" : "ignored", answer.Decision());
    }

    [Fact]
    public async Task The_doctor_lists_those_that_are_refused_today()
    {
        await using var app = await OpenAsync("origin/main", "app/[id]/*");

        var report = await app.GetAsync("/v1/doctor");

        var told = report.GetProperty("checks").EnumerateArray()
            .Where(check => check.GetProperty("name").GetString() == "hooks")
            .Select(check => (check.GetProperty("detail").GetString()!, check.GetProperty("fix").GetString())).ToList();
        Assert.Equal(2, told.Count);
        Assert.All(told, one => Assert.Contains("PUT /v1/hooks/app", one.Item2, StringComparison.Ordinal));
        Assert.Contains("leave `origin/` out", told[0].Item1, StringComparison.Ordinal);
        Assert.Contains("must not have `[`", told[1].Item1, StringComparison.Ordinal);
    }

    private static async Task<SpeedApp> OpenAsync(string branches, string paths)
    {
        var app = await SpeedApp.OpenIdleAsync();
        await app.AddHookAsync();
        var hooks = app.Services.GetRequiredService<IHookStore>();
        var kept = (await hooks.FindHookAsync("app", Now))!;
        Assert.True(await hooks.ReplaceHookAsync(kept with { Branches = [branches], Paths = [paths] }, Now));
        return app;
    }
}
