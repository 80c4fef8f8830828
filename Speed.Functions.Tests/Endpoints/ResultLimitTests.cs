using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Speed.Endpoints;
using Speed.Security;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: how much and how often may be reported, and how it is read.</summary>
[Trait("Host", "Both")]
public sealed class ResultLimitTests
{
    private const string Url = "https://github.com/owner/app.git";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Beyond_the_most_bytes_a_report_is_refused_by_the_name_of_the_setting_and_what_was_acknowledged_stays()
    {
        await using var app = await SpeedApp.OpenIdleAsync(new() { ["Speed__Results__MaxBytes"] = "1024" });
        var id = await app.StartAsync(Url);
        var other = await app.StartAsync(Url);
        using var program = app.OpenReports(await app.LeaderTokenAsync(id));

        var (first, second) = (new string('a', 400), new string('b', 400));
        Assert.Equal(200, (await app.SendAsync($"/add_results/{id}", JsonSerializer.Serialize(new { results = first }))).Status);
        Assert.Equal(200, (await program.ReportAsync(id, second)).Status);
        Answer[] refused =
        [
            await app.SendAsync($"/add_results/{id}", """{"results": "one too many, by a token of somebody"}"""),
            await Answer.ReadAsync(await app.UpdateAsync(id, "one too many, by /update of somebody")),
            await program.ReportAsync(id, "one too many, through the socket of the container"),
            await program.UpdateAsync(id, "one too many, by /update through the socket"),
        ];

        Assert.All(refused, answer => Assert.Equal(413, answer.Status));
        Assert.All(refused, answer => Assert.Contains("Speed__Results__MaxBytes", answer.Error, StringComparison.Ordinal));
        Assert.Equal($"{first}\n{second}", await app.ResultsAsync(id));
        Assert.Equal(200, (await Answer.ReadAsync(await app.UpdateAsync(other, "there is room of its own"))).Status);
        Assert.Equal(200, (await program.UpdateAsync(id, "Succeeded")).Status);
        Assert.Equal("Succeeded", (await app.InfoAsync(id)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Beyond_its_rate_a_program_waits_and_nothing_is_stored_but_the_word_of_its_end_passes()
    {
        await using var app = await Keys.OpenAsync(
            new() { ["Speed__Results__PerMinute"] = "1", ["Speed__Results__Burst"] = "3" });
        var id = await app.StartWithAsync(app.AdminKey(), Url);
        var other = await app.StartWithAsync(app.AdminKey(), Url);
        var key = await app.LeaderTokenAsync(id);
        using var program = app.OpenReports(key);
        await program.ReportAsync(id, "one");
        await program.ReportAsync(other, "of another, which is not there for it");
        await app.AskAsync("POST", "/update", key, new { id, new_results = "two" });
        var recorded = await AuditAsync(app);

        Answer[] refused =
        [
            await program.ReportAsync(id, "three"),
            await program.UpdateAsync(id, "four"),
            await program.UpdateAsync(id, "Running"),
            await app.AskAsync("POST", $"/add_results/{id}", key, new { results = "five" }),
            await app.AskAsync("POST", $"/add_results/{id}", key, new { nothing = "" }),
            await app.AskAsync("POST", "/update", key, new { nothing = "" }),
            await app.AskAsync("POST", "/start", key, new { nothing = "" }),
        ];

        Assert.All(refused, answer => Assert.Equal(429, answer.Status));
        Assert.All(refused, answer => Assert.Equal("60", answer.Headers["Retry-After"]));
        Assert.All(refused, answer => Assert.Contains("Speed__Results__PerMinute", answer.Error, StringComparison.Ordinal));
        Assert.Equal(recorded, await AuditAsync(app));

        var end = await program.UpdateAsync(id, "Succeeded");
        var again = await program.UpdateAsync(id, "Succeeded");

        Assert.Equal((200, "true"), (end.Status, end.Headers["Speed-Changed"]));
        Assert.Equal((200, "false"), (again.Status, again.Headers["Speed-Changed"]));
        Assert.Equal(recorded + 1, await AuditAsync(app));
        Assert.Equal(200, (await app.AskAsync("POST", $"/add_results/{id}", app.AdminKey(), new { results = "six" })).Status);
        Assert.Equal(
            "one\ntwo\nsix",
            (await app.AskAsync("GET", $"/results/{id}", app.AdminKey())).Json.GetProperty("results").GetString());
        using var another = app.OpenReports(await app.LeaderTokenAsync(other));
        Assert.Equal(200, (await another.ReportAsync(other, "its rate is its own")).Status);
    }

    [Fact]
    public async Task All_results_are_read_byte_for_byte_as_in_one_piece_though_they_are_over_the_most_bytes_of_today()
    {
        await using var app = await SpeedApp.OpenIdleAsync(new() { ["Speed__Results__MaxBytes"] = "1024" });
        var id = await app.StartAsync(Url);
        var store = app.Services.GetRequiredService<IDeploymentStore>();
        // A pair of surrogates across the border of two slices, and whatever JSON escapes.
        string[] values =
        [
            "", new string('x', (16 * 1024) - 1) + "\U0001F600" + new string('ü', 300_000), "\"quoted\"\\ \t\u0001\u2028<&>",
            "one\ntwo\n", "", new string('\u0001', 500_000), "last",
        ];
        foreach (var value in values)
        {
            Assert.True(await store.ReportAsync(id, value, Now));
        }

        using var answer = await app.Client.GetAsync($"/results/{id}", Now);
        using var none = await app.Client.GetAsync($"/results/{await app.StartAsync(Url)}", Now);

        Assert.Equal("application/json; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        var bytes = await answer.Content.ReadAsByteArrayAsync(Now);
        Assert.True(JsonSerializer.SerializeToUtf8Bytes(new ResultsText(string.Join('\n', values)), Wire.Json).SequenceEqual(bytes));
        Assert.Equal("""{"results":""}""", await none.Content.ReadAsStringAsync(Now));
        var listed = await app.GetAsync($"/v1/deployments/{id}/results");
        Assert.Equal(values, listed.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("value").GetString()));
        Assert.Equal(JsonValueKind.Null, listed.GetProperty("next_after").ValueKind);
    }

    [Fact]
    public async Task Results_are_listed_page_by_page_and_the_header_leads_on()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await app.StartAsync(Url);
        for (var n = 1; n <= 5; n++)
        {
            await app.UpdateAsync(id, $"{n}");
        }

        var seen = new List<string>();
        for (var next = $"/v1/deployments/{id}/results?limit=2"; next is not null;)
        {
            using var page = await app.Client.GetAsync(next, Now);
            var json = JsonElement.Parse(await page.Content.ReadAsStringAsync(Now));
            seen.Add(string.Join(' ', json.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("value").GetString())));
            var link = page.Headers.TryGetValues("Link", out var links) ? Assert.Single(links) : null;
            Assert.Equal(
                json.GetProperty("next_after").ValueKind == JsonValueKind.Null
                    ? null
                    : $"</v1/deployments/{id}/results?after={json.GetProperty("next_after")}&limit=2>; rel=\"next\"",
                link);
            next = link?[1..link.IndexOf('>', StringComparison.Ordinal)];
        }

        Assert.Equal(["1 2", "3 4", "5"], seen);
        foreach (var query in new[] { "limit=0", "limit=201", "after=-1", "after=x", "limit=1&limit=2" })
        {
            var refused = await Answer.ReadAsync(await app.Client.GetAsync($"/v1/deployments/{id}/results?{query}", Now));
            Assert.Equal((400, "INVALID_QUERY"), (refused.Status, refused.Json.GetProperty("code").GetString()));
        }
    }

    private static async Task<int> AuditAsync(SpeedApp app) =>
        (await app.Services.GetRequiredService<IAccessStore>().ReadAuditAsync(int.MaxValue, Now)).Count;
}
