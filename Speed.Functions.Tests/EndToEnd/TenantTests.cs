using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Endpoints;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: two tenants of one SPEED, and whatever the second has bears a word that the first must not see.</summary>
public sealed class TenantTests(Tenants tenants) : IClassFixture<Tenants>
{
    private const string Word = Tenants.Word;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Host", "Both")]
    public async Task No_function_tells_one_tenant_of_the_other_or_does_anything_to_what_is_its()
    {
        var asked = 0;
        foreach (var function in tenants.App.Services.GetRequiredService<FunctionTable>().Functions)
        {
            foreach (var method in function.Methods)
            {
                // An id of an event that no stream gave: a stream would not end.
                var answer = await tenants.AskAsync(method, PathOf(function), body: null, ("Last-Event-ID", "none"));
                Tenants.TellsNothing(answer, $"{method} {function.Name}");
                asked++;
            }
        }

        Assert.True(asked > 40);
        await tenants.IsUntouchedAsync();
    }

    [Theory]
    [InlineData("GET", "/v1/deployments")]
    [InlineData("GET", "/v1/deployments?status=Running")]
    [InlineData("GET", "/v1/deployments?limit=1")]
    [InlineData("GET", "/v1/deployments?repo={repo}")]
    [InlineData("GET", "/v1/queue")]
    [InlineData("GET", "/v1/volumes")]
    [InlineData("GET", "/v1/deployments/{id}?wait=1&since=0")]
    [InlineData("GET", "/v1/deployments/{id}/logs?follow=true")]
    [InlineData("GET", "/v1/deployments/{id}/results")]
    [InlineData("GET", "/results/{id}")]
    [InlineData("GET", "/info/{id}")]
    [InlineData("POST", "/v1/deployments/{id}/retry", "{}")]
    [InlineData("POST", "/v1/deployments/{id}/cancel", "{}")]
    [InlineData("POST", "/add_results/{id}", """{"results": "mine"}""")]
    [InlineData("POST", "/update", """{"id": {id}, "new_results": "Failed"}""")]
    [Trait("Host", "Both")]
    public async Task No_request_that_is_good_for_one_s_own_reads_or_changes_what_is_the_other_s(
        string method, string path, string? body = null)
    {
        var answer = await tenants.AskAsync(
            method, Filled(path), body is null ? null : JsonElement.Parse(Filled(body)));

        Tenants.TellsNothing(answer, path);
        if (path.Contains("{id}", StringComparison.Ordinal) || body is not null)
        {
            Assert.Equal(404, answer.Status);
        }

        await tenants.IsUntouchedAsync();

        string Filled(string form) => form.Replace("{id}", $"{tenants.TheirId}", StringComparison.Ordinal)
            .Replace("{repo}", Uri.EscapeDataString(tenants.Theirs.Url), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_happens_to_one_is_in_no_stream_of_the_other()
    {
        using var client = new HttpClient { BaseAddress = tenants.App.Client.BaseAddress };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", tenants.MyToken);
        using var events = await EventReader.OpenAsync(client, "/v1/events");

        var theirs = await tenants.StartAsync(tenants.Theirs, tenants.TheirToken, new { name = $"{Word}-two", command = (string[])["true"] });
        await tenants.App.WaitForEndAsync(theirs);
        var mine = await tenants.StartAsync(await tenants.NewAsync("FROM busybox\nCMD [\"true\"]\n"), tenants.MyToken);
        await tenants.App.WaitForEndAsync(mine);

        ServerEvent? seen;
        do
        {
            seen = await events.ReadAsync();
            Assert.NotNull(seen);
            Assert.DoesNotContain(Word, seen.Data.ToString(), StringComparison.OrdinalIgnoreCase);
        }
        while (seen.Name != "change" || seen.Data.GetProperty("deployment_id").GetInt64() != mine || seen.Data.Text("status") != "Succeeded");
    }

    [Fact]
    public async Task A_build_and_a_program_of_one_reach_no_cache_volume_network_or_port_of_the_other()
    {
        var address = await tenants.TheirAddressAsync();
        var port = tenants.FixedPort;
        var gateway = address[..(address.LastIndexOf('.') + 1)] + "1";
        var repository = await tenants.NewAsync(
            $$"""
            FROM busybox
            RUN --mount=type=cache,id={{Tenants.Shared}},target=/cache cat /cache/* 2>/dev/null || echo "no cache {{Guid.NewGuid()}}"
            CMD for at in {{address}}:8080 {{gateway}}:{{port}} 127.0.0.1:{{port}} {{gateway}}:8080; do timeout 3 wget -q -O - http://$at/; done; \
              cat /data/* 2>/dev/null; ls -A /data; env; echo end
            """);

        var id = await tenants.StartAsync(
            repository, tenants.MyToken, new { volumes = new[] { new { name = Tenants.Shared, path = "/data" } } });
        var ended = await tenants.EndAsync(id);

        ended.Succeeded();
        Assert.EndsWith("end", ended.Results.TrimEnd(), StringComparison.Ordinal);
        Assert.Contains("no cache", ended.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(Word, ended.Log + ended.Results, StringComparison.OrdinalIgnoreCase);
        await tenants.IsUntouchedAsync();
    }

    [Fact]
    public async Task The_token_that_a_program_of_one_is_given_is_good_for_nothing_of_the_other()
    {
        // Turned around, it is not masked; the program could have sent it anywhere.
        var repository = await tenants.NewAsync("FROM busybox\nCMD echo $SPEED_TOKEN | rev\n");
        var ended = await tenants.EndAsync(await tenants.StartAsync(repository, tenants.MyToken));
        var token = new string([.. ended.Succeeded().Results.Trim().Reverse()]);

        var own = await tenants.App.AskAsync("POST", $"/add_results/{ended.Id}", token, new { results = "late" });
        var results = await tenants.App.AskAsync("POST", $"/add_results/{tenants.TheirId}", token, new { results = "mine" });
        var end = await tenants.App.AskAsync("POST", "/update", token, new { id = tenants.TheirId, new_results = "Failed" });

        Assert.Equal((200, 404, 404), (own.Status, results.Status, end.Status));
        await tenants.IsUntouchedAsync();
    }

    [Fact]
    public async Task No_image_of_one_is_a_base_of_the_other_by_its_name_or_its_id()
    {
        var (name, image) = await tenants.TheirImageAsync();
        foreach (var from in new[] { name, image, image["sha256:".Length..], image["sha256:".Length..][..12] })
        {
            foreach (var dockerfile in new[] { $"FROM {from}\nCMD cat /www/index.html\n", $"FROM busybox\nCOPY --from={from} /www /www\nCMD cat /www/index.html\n" })
            {
                var ended = await tenants.EndAsync(await tenants.StartAsync(await tenants.NewAsync(dockerfile), tenants.MyToken));

                Assert.Equal("Failed", ended.Status);
                Assert.DoesNotContain(Word, ended.Log + ended.Results, StringComparison.OrdinalIgnoreCase);
            }
        }

        await tenants.IsUntouchedAsync();
    }

    [Fact]
    public async Task Names_and_ports_that_one_has_are_not_taken_by_the_other()
    {
        var mine = await tenants.NewAsync(
            $"FROM busybox\nRUN mkdir /www && printf mine > /www/index.html\nEXPOSE 8080\n{Services.Healthcheck}CMD exec httpd -f -p 8080 -h /www\n");
        var host = await tenants.CreateAsync(mine, new { hosts = new[] { Tenants.Host } });
        var port = await tenants.StartAsync(
            mine, tenants.MyToken, new { ports = new[] { new { container = 8080, host = tenants.FixedPort } } });
        var ended = await tenants.EndAsync(port);
        var up = await tenants.World.UpAsync(await tenants.StartAsync(mine, tenants.MyToken, new { ports = new[] { new { container = 8080 } } }));

        Assert.Equal(403, host.Status);
        Assert.Contains("HOST_NOT_FOR_TOKEN", host.Text, StringComparison.Ordinal);
        ended.FailedWith("CONTAINER_START_FAILED", "run");
        Assert.Equal(Word, await tenants.BehindAsync(Tenants.Host));
        Assert.Equal(Word, await tenants.BehindAsync((await tenants.TheirsAsync()).Text("own_host")));
        Assert.Equal("mine", await tenants.BehindAsync(up.Text("own_host")));
        await tenants.IsUntouchedAsync();
    }

    [Fact]
    [Trait("Host", "Both")]
    public async Task What_is_the_other_s_and_what_is_not_there_get_the_same_answer()
    {
        var mine = await tenants.NewAsync("FROM busybox\nCMD [\"true\"]\n");
        (object? There, object? Missing)[] options =
        [
            (new { secrets = new[] { Tenants.Secret } }, new { secrets = new[] { "NOT_THERE" } }),
            (new { secrets = new[] { Tenants.GitSecret } }, new { secrets = new[] { "NOT_THERE" } }),
            (new { hosts = new[] { Tenants.Host } }, new { hosts = new[] { "not.there.example" } }),
        ];
        foreach (var (there, missing) in options)
        {
            Same(await tenants.CreateAsync(mine, there), await tenants.CreateAsync(mine, missing));
        }

        Same(
            await tenants.AskAsync("POST", "/start", new { url = tenants.Theirs.Url, branch = "main" }),
            await tenants.AskAsync("POST", "/start", new { url = tenants.Theirs.Url.Replace(Word, "nothing", StringComparison.Ordinal), branch = "main" }));
        foreach (var path in new[] { "/v1/hooks/{0}", "/v1/notifications/{0}", "/v1/volumes/{0}/export", "/v1/notifications/{0}/deliveries" })
        {
            Same(await tenants.AskAsync("GET", path.Replace("{0}", Word, StringComparison.Ordinal)),
                await tenants.AskAsync("GET", path.Replace("{0}", "nothing", StringComparison.Ordinal)));
        }
    }

    // But for the name that was asked for.
    private static void Same(Answer there, Answer missing)
    {
        Assert.InRange(there.Status, 400, 499);
        Assert.Equal((missing.Status, Plain(missing.Text)), (there.Status, Plain(there.Text)));

        static string Plain(string text) => new[] { Tenants.Secret, Tenants.GitSecret, "NOT_THERE", Tenants.Host, "not.there.example", "nothing", Word }
            .Aggregate(text, (said, name) => said.Replace(name, "NAME", StringComparison.Ordinal));
    }

    private string PathOf(FunctionEntry function) => "/" + string.Join(
        '/',
        function.Route.Segments.Select(segment => segment.Parts[0] switch
        {
            { IsParameter: false } part => part.Text,
            { IsCatchAll: true } => "index.html",
            { Name: "id" } => $"{tenants.TheirId}",
            { Name: "delivery" } => "1",
            _ => Word,
        }));
}
