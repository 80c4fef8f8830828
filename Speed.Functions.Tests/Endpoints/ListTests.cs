using System.Text.Json;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: deployments page by page, by what is asked for.</summary>
public sealed class ListTests
{
    private const string Path = "/v1/deployments";
    private const string Mine = "https://github.com/owner/app.git";
    private const string Other = "https://github.com/other/app.git";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_newest_come_first_each_as_a_whole()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.StartAsync(Mine);
        await app.StartAsync(Other);
        (await app.UpdateAsync(1, "Succeeded")).Dispose();

        var list = await app.GetAsync(Path);

        var items = list.GetProperty("items").EnumerateArray().ToArray();
        Assert.Equal(
            [(await app.GetDeploymentAsync(2)).GetRawText(), (await app.GetDeploymentAsync(1)).GetRawText()],
            items.Select(item => item.GetRawText()));
        Assert.Equal(JsonValueKind.Null, list.GetProperty("next_cursor").ValueKind);
    }

    [Fact]
    public async Task Without_any_the_list_is_empty()
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        Assert.Equal("""{"items":[],"next_cursor":null}""", (await app.GetAsync(Path)).GetRawText());
    }

    [Theory]
    [InlineData("status=Succeeded", "1")]
    [InlineData("status=pending", "4,3,2")]
    [InlineData("branch=dev", "3")]
    [InlineData("branch=dev&status=Succeeded", "")]
    [InlineData("repo=https://github.com/owner/app.git", "4,1")]
    [InlineData("repo=https://github.com/owner/app", "4,1")]
    [InlineData("repo=git@github.com:Owner/App.git", "4,1")]
    [InlineData("repo=http://github.com/owner/app.git", "")]
    [InlineData("repo=github.com/owner/*", "4,1")]
    [InlineData("repo=GitHub.com/owner/app", "4,1")]
    [InlineData("repo=https://github.com/*/app.git", "4,3,2,1")]
    [InlineData("repo=github.com/*&branch=dev", "3")]
    [InlineData("repo=github.com/other/*&limit=1", "3")]
    [InlineData("status=&repo=&branch=&limit=&cursor=", "4,3,2,1")]
    public async Task It_is_narrowed_by_status_repository_and_branch(string query, string ids)
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.StartAsync(Mine);
        await app.StartAsync(Other);
        await app.StartAsync(Other, "dev");
        await app.StartAsync(Mine);
        (await app.UpdateAsync(1, "Succeeded")).Dispose();

        Assert.Equal(ids, string.Join(',', IdsOf(await app.GetAsync($"{Path}?{query}"))));
    }

    [Fact]
    public async Task The_link_leads_through_all_pages_with_the_same_filters()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        for (var n = 0; n < 5; n++)
        {
            await app.StartAsync(Mine, "feature/ü&x");
            await app.StartAsync(Other, "feature/ü&x");
        }

        var pages = new List<string>();
        for (var path = $"{Path}?limit=2&repo=github.com/owner/*&branch=feature/%C3%BC%26x&status=pending"; path is not null;)
        {
            var answer = await Answer.ReadAsync(await app.Client.GetAsync(path, Now));
            pages.Add(string.Join(',', IdsOf(answer.Json)));
            var link = answer.Headers.GetValueOrDefault("Link");
            var cursor = answer.Json.GetProperty("next_cursor").GetString();
            Assert.Equal(cursor is null, link is null);
            Assert.EndsWith(cursor is null ? "" : $"cursor={cursor}>; rel=\"next\"", link ?? "", StringComparison.Ordinal);
            path = link?.Split('<', '>')[1];
        }

        Assert.Equal(["9,7", "5,3", "1"], pages);
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=201")]
    [InlineData("limit=ten")]
    [InlineData("status=Done")]
    [InlineData("status=Failed&status=Succeeded")]
    [InlineData("cursor=1")]
    [InlineData("cursor=!")]
    [InlineData("cursor=YmVmb3JlIC0x")]
    [InlineData("cursor=YmVmb3JlIDAwMQ")]
    public async Task A_query_that_cannot_be_used_is_a_problem(string query)
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var answer = await Answer.ReadAsync(await app.Client.GetAsync($"{Path}?{query}", Now));

        Assert.Equal((400, "application/problem+json"), (answer.Status, answer.Headers["Content-Type"]));
        Assert.Equal("INVALID_QUERY", answer.Json.GetProperty("code").GetString());
        Assert.Contains(query.Split('=')[0], answer.Json.GetProperty("detail").GetString()!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_for_some_repositories_gets_full_pages_of_those_alone()
    {
        await using var app = await Keys.OpenAsync();
        for (var n = 0; n < 6; n++)
        {
            await app.StartWithAsync(app.AdminKey(), n % 3 == 0 ? Mine : Other);
        }

        var token = await app.NewTokenAsync(["read"], ["github.com/owner/*"]);

        var first = await ListAsync("?limit=1");
        var second = await ListAsync($"?limit=1&cursor={first.GetProperty("next_cursor").GetString()}");
        var theirs = await ListAsync($"?repo={Other}");
        var pattern = await ListAsync("?repo=*");

        Assert.Equal([4L], IdsOf(first));
        Assert.Equal([1L], IdsOf(second));
        Assert.Equal(JsonValueKind.Null, second.GetProperty("next_cursor").ValueKind);
        Assert.Empty(IdsOf(theirs));
        Assert.Equal([4L, 1L], IdsOf(pattern));

        async Task<JsonElement> ListAsync(string query) => (await app.AskAsync("GET", Path + query, token)).Json;
    }

    internal static IEnumerable<long> IdsOf(JsonElement list) =>
        list.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetInt64());
}
