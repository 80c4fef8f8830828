using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: a leader's words, and the statuses they may change.</summary>
[Trait("Host", "Both")]
public sealed class UpdateTests
{
    /// <summary>
    /// The table of the contract: where a deployment stands, the leader's word, the answer, and the status after it.
    /// </summary>
    private static readonly string[] Table =
    [
        "pending     Pending   200 false Pending",
        "pending     Running   200 true  Running",
        "pending     Succeeded 200 true  Succeeded",
        "pending     Failed    200 true  Failed",
        "pending     Canceled  200 true  Canceled",
        "taken-over  Pending   409 -     Running",
        "taken-over  Running   200 false Running",
        "taken-over  Succeeded 200 true  Succeeded",
        "taken-over  Failed    200 true  Failed",
        "taken-over  Canceled  200 true  Canceled",
        "claimed     Pending   409 -     Running",
        "claimed     Running   200 false Running",
        "claimed     Succeeded 200 true  Succeeded",
        "claimed     Failed    200 true  Failed",
        "claimed     Canceled  200 true  Running",
        "canceling   Pending   409 -     Running",
        "canceling   Running   409 -     Running",
        "canceling   Succeeded 409 -     Running",
        "canceling   Failed    409 -     Running",
        "canceling   Canceled  200 false Running",
        "Succeeded   Pending   409 -     Succeeded",
        "Succeeded   Running   409 -     Succeeded",
        "Succeeded   Succeeded 200 false Succeeded",
        "Succeeded   Failed    409 -     Succeeded",
        "Succeeded   Canceled  409 -     Succeeded",
        "Failed      Pending   409 -     Failed",
        "Failed      Running   409 -     Failed",
        "Failed      Succeeded 409 -     Failed",
        "Failed      Failed    200 false Failed",
        "Failed      Canceled  409 -     Failed",
        "Canceled    Pending   409 -     Canceled",
        "Canceled    Running   409 -     Canceled",
        "Canceled    Succeeded 409 -     Canceled",
        "Canceled    Failed    409 -     Canceled",
        "Canceled    Canceled  200 false Canceled",
    ];

    [Fact]
    public async Task Every_status_word_is_answered_by_the_table()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        foreach (var row in Table)
        {
            var (now, word, status, changed, after) = Columns(row);
            var id = await AtAsync(app, now);

            var answer = await Answer.ReadAsync(await app.UpdateAsync(id, word));

            Assert.Equal((row, status), (row, answer.Status));
            Assert.Equal((row, changed), (row, answer.Headers.GetValueOrDefault("Speed-Changed", "-")));
            Assert.Equal((row, after), (row, (await app.InfoAsync(id)).GetProperty("status").GetString()));
            Assert.Equal((row, Sentence(now, status)), (row, answer.Text));
        }
    }

    [Theory]
    [InlineData("succeeded")]
    [InlineData(" SUCCEEDED\r\n")]
    public async Task A_status_word_counts_in_any_case_and_between_blanks(string word)
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await app.StartAsync("https://example.com/r.git");

        await app.UpdateAsync(id, word);

        Assert.Equal("Succeeded", (await app.InfoAsync(id)).GetProperty("status").GetString());
        Assert.Equal("", await app.ResultsAsync(id));
    }

    [Theory]
    [InlineData("Succeeded!")]
    [InlineData("2")]
    [InlineData("Running, Failed")]
    [InlineData("it Failed")]
    [InlineData("  ")]
    public async Task Any_other_text_is_a_result_and_no_word(string text)
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await app.StartAsync("https://example.com/r.git");

        var answer = await Answer.ReadAsync(await app.UpdateAsync(id, text));

        Assert.Equal((200, false), (answer.Status, answer.Headers.ContainsKey("Speed-Changed")));
        Assert.Equal("Pending", (await app.InfoAsync(id)).GetProperty("status").GetString());
        Assert.Equal(text, await app.ResultsAsync(id));
    }

    [Fact]
    public async Task Results_are_joined_in_order_and_still_taken_after_the_end()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await app.StartAsync("https://example.com/r.git");

        await app.UpdateAsync(id, "one");
        await app.UpdateAsync(id, "Succeeded");
        var added = await app.SendAsync($"/add_results/{id}", """{"results": "two\n"}""");
        await app.UpdateAsync(id, "three");

        Assert.Equal("""{"message":"Results added successfully"}""", added.Text);
        Assert.Equal("one\ntwo\n\nthree", await app.ResultsAsync(id));
    }

    [Theory]
    [InlineData(99)]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    public async Task What_is_not_there_is_not_found(long id)
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        Answer[] answers =
        [
            await Answer.ReadAsync(await app.UpdateAsync(id, "Running")),
            await Answer.ReadAsync(await app.UpdateAsync(id, "a result")),
            await app.SendAsync($"/add_results/{id}", """{"results": "x"}"""),
            await Answer.ReadAsync(await app.Client.GetAsync($"/info/{id}", TestContext.Current.CancellationToken)),
            await Answer.ReadAsync(await app.Client.GetAsync($"/results/{id}", TestContext.Current.CancellationToken)),
        ];

        Assert.All(
            answers,
            answer => Assert.Equal((404, """{"error":"Deployment not found"}"""), (answer.Status, answer.Text)));
    }

    private static (string Now, string Word, int Status, string Changed, string After) Columns(string row)
    {
        var columns = row.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return (columns[0], columns[1], int.Parse(columns[2]), columns[3], columns[4]);
    }

    private static string Sentence(string now, int status) => (now, status) switch
    {
        (_, 200) => """{"message":"Deployment updated successfully"}""",
        ("canceling", _) => """{"error":"Deployment is being canceled"}""",
        ("taken-over" or "claimed", _) => """{"error":"Deployment is running: it cannot become Pending again"}""",
        _ => """{"error":"Deployment already finished"}""",
    };

    // Claims through the store, as the worker would: with a real one, the program would have to run.
    private static async Task<long> AtAsync(SpeedApp app, string now)
    {
        var id = await app.StartAsync("https://example.com/r.git");
        if (now is "claimed" or "canceling")
        {
            await ClaimAsync(app, id);
        }

        if (now is not ("pending" or "claimed"))
        {
            await app.UpdateAsync(id, now switch { "taken-over" => "Running", "canceling" => "Canceled", _ => now });
        }

        return id;
    }

    private static async Task ClaimAsync(SpeedApp app, long id)
    {
        var store = app.Services.GetRequiredService<IDeploymentStore>();
        Deployment? claimed;
        do
        {
            claimed = await store.ClaimNextAsync("test", TestContext.Current.CancellationToken);
        }
        while (claimed?.Id < id);
    }
}
