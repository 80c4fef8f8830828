using System.Text;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: what is asked of every body before a field is looked at.</summary>
public sealed class BodyTests
{
    private const string Start = """{"url": "https://example.com/r.git", "branch": "main" """;

    public static TheoryData<string, string, int, string> Refused => new()
    {
        { "", "application/json", 400, "The body is empty" },
        { "   ", "application/json", 400, "not valid JSON" },
        { "{", "application/json", 400, "line 1" },
        { "{}}", "application/json", 400, "not valid JSON" },
        { Start + ",}", "application/json", 400, "not valid JSON" },
        { "// no\n{}", "application/json", 400, "not valid JSON" },
        { "[]", "application/json", 400, "not a JSON object" },
        { "null", "application/json", 400, "not a JSON object" },
        { "\"text\"", "application/json", 400, "not a JSON object" },
        { Start + ", \"url\": 1}", "application/json", 400, "url is given more than once" },
        { Start + """, "x": {"a": 1, "\u0061": 2}}""", "application/json", 400, "x.a is given more than once" },
        { Start + """, "x": "\u0000"}""", "application/json", 400, "x has the character U+0000" },
        { Start + """, "x": ["\uD800"]}""", "application/json", 400, "x.0 has half a surrogate pair" },
        { Start + """, "x": "\uDC00\uD800"}""", "application/json", 400, "x has half a surrogate pair" },
        { Start + """, "x\uD800": 1}""", "application/json", 400, "A member name in the body" },
        { Start + """, "x": "a\nb"}""", "application/json", 400, "x has a control character" },
        { Start + """, "x": "a\u0085b"}""", "application/json", 400, "x has a control character" },
        { Start + """, "x": {"a\tb": 1}}""", "application/json", 400, "A member name in x" },
        { Start + ", \"x\": " + Nested(16) + "}", "application/json", 400, "nested too deeply" },
        { Start + ", \"x\": " + Nested(5_000) + "}", "application/json", 400, "nested too deeply" },
        { Start + "}", "text/plain", 415, "send Content-Type: application/json" },
        { Start + "}", "application/x-www-form-urlencoded", 415, "send Content-Type: application/json" },
        { Start + "}", "application/json; charset=utf-16", 415, "send Content-Type: application/json" },
        { Start + "}", "", 415, "send Content-Type: application/json" },
        { Start + ", \"x\": \"" + new string('x', 1024 * 1024) + "\"}", "application/json", 413, "1 MiB" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task A_body_that_breaks_a_rule_is_refused_with_a_sentence_and_nothing_is_stored(
        string body, string contentType, int status, string words)
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        foreach (var path in new[] { "/start", "/update", "/add_results/1" })
        {
            var answer = await app.SendAsync(path, body, contentType);

            Assert.Equal(status, answer.Status);
            Assert.Contains(words, answer.Error, StringComparison.Ordinal);
        }

        Assert.Equal(1, await app.StartAsync("https://example.com/r.git"));
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("Application/JSON;charset=\"UTF-8\"")]
    public async Task A_body_in_json_is_taken_whatever_way_the_type_is_written(string contentType)
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var answer = await app.SendAsync("/start", Start + ", \"x\": " + Nested(14) + "}", contentType);

        Assert.Equal(201, answer.Status);
    }

    [Fact]
    public async Task A_body_that_is_not_utf8_is_refused()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        using var body = new ByteArrayContent([.. "{\"results\": \""u8, 0xC3, 0x28, .. "\"}"u8]);
        body.Headers.ContentType = new("application/json");

        using var answer = await app.Client.PostAsync("/add_results/1", body, TestContext.Current.CancellationToken);

        Assert.Contains("UTF-8", (await Answer.ReadAsync(answer)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_of_unannounced_length_is_cut_off_at_one_mebibyte()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var body = Start + ", \"x\": \"" + new string('x', 2_000_000) + "\"}";
        using var request = new HttpRequestMessage(HttpMethod.Post, "/start")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        request.Headers.TransferEncodingChunked = true;

        using var answer = await app.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(413, (int)answer.StatusCode);
    }

    [Fact]
    public async Task Control_characters_are_data_in_results_and_variables()
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var started = await app.SendAsync("/start", Start + """
            , "env": {"A": "x\ny"}, "build_args": {"B": "\u001b["}, "command": ["a\tb"], "dockerfile_text": "FROM a\n"}
            """);
        await app.SendAsync("/add_results/1", """{"results": "a\r\nb\u0007"}""");
        await app.SendAsync("/update", """{"id": 1, "new_results": "c\td"}""");

        Assert.Equal(201, started.Status);
        Assert.Equal("a\r\nb\u0007\nc\td", await app.ResultsAsync(1));
        Assert.Equal("x\ny", (await app.GetDeploymentAsync(1)).GetProperty("env").GetProperty("A").GetString());
    }

    private static string Nested(int depth) => new string('[', depth) + new string(']', depth);
}
