using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: each field, each wrong value: a sentence that names it, nothing stored.</summary>
public sealed class FieldTests
{
    private const string Text = "\"text\"";

    private static readonly string[] AnyValue =
    [
        "null", "true", "false", "0", "-1", "1.5", "1e400", "99999999999999999999",
        "\"\"", Text, "[]", "[1]", "{}", "{\"a\": 1}",
    ];

    /// <summary>Field, the values of <see cref="AnyValue"/> that are allowed, and others that are not.</summary>
    private static readonly (string Field, string[] Allowed, string[] AlsoWrong)[] StartFields =
    [
        ("url", [], ["\"http://a.example/r\"", "\"https://u:p@a.example/r\"", "\"ssh\"", "\"ext::sh\"", Long(2_049)]),
        ("branch", [Text], ["\"-x\"", "\"a..b\"", "\"a b\"", "\"HEAD\"", Long(245)]),
        ("commit", ["null"], [Text, Long(41), "\"" + new string('g', 40) + "\"", Long(65)]),
        ("subdirectory", ["null", Text], ["\"/a\"", "\"..\"", "\"a/../../b\"", "\"a\\\\b\"", Long(1_025)]),
        ("dockerfile", ["null", Text], ["\"/a\"", "\"../Dockerfile\"", "\".\"", Long(1_025)]),
        ("dockerfile_text", ["null", "\"\"", Text], [Long(600_000)]),
        ("target", ["null", Text], ["\"a b\"", "\"$(x)\"", Long(129)]),
        ("build_args", ["null", "{}", "{\"1a.b-c:d\": \"\"}"], ["{\"A=\": \"\"}", "{\"A\\u0000\": \"\"}", "{\"\": \"\"}", "{\"A\": null}"]),
        ("env", ["null", "{}", "{\"1a.b-c:d\": \"\"}", "{\"a b/~\": \"\"}"], ["{\"\": \"\"}", "{\"=\": \"\"}", "{\"A\\u0000B\": \"\"}", "{\"A=B\": \"\"}", "{\"SPEED_X\": \"\"}", "{\"A\": \"\\u0000\"}"]),
        ("command", ["null", "[]"], ["[null]", "[\"a\", [\"b\"]]"]),
        ("clear_cache", ["null", "true", "false"], []),
        ("network", ["null"], ["\"host\"", "\"Bridge\""]),
        ("init", ["null", "true", "false"], []),
        ("labels", ["null", "{}"], ["{\"\": \"x\"}", "{\"a\": " + Long(257) + "}", "{\"a\": null}"]),
        ("timeouts", ["null", "{}", "{\"a\": 1}"], []),
        ("resources", ["null", "{}", "{\"a\": 1}"], []),
        ("build_resources", ["null", "{}", "{\"a\": 1}"], []),
        ("submodules", ["null", "true", "false"], []),
        ("inherit", ["null", "true", "false"], []),
        ("secrets", ["null", "[]"], ["[\"A\"]", "[\"a-b\"]", "[null]"]),
        ("ports", ["null", "[]"],
            ["[{}]", "[80]", "[{\"container\": 0}]", "[{\"container\": 80}, {\"container\": 80}]",
            "[{\"container\": 80, \"host\": 65536}]", "[{\"container\": 80, \"host\": 1}, {\"container\": 81, \"host\": 1}]"]),
        ("volumes", ["null", "[]", "[{\"name\": \"a\", \"path\": \"/data/\"}]", "[{\"name\": \"a\", \"path\": \"/data//x/./y\"}]"],
            ["[{\"name\": \"a\"}]", "[{\"path\": \"/a\"}]", "[{\"name\": \"/etc\", \"path\": \"/a\"}]",
            "[{\"name\": \"a\", \"path\": \"a\"}]", "[{\"name\": \"a\", \"path\": \"/\"}]", "[{\"name\": \"a\", \"path\": \"/a/../b\"}]",
            "[{\"name\": \"a\", \"path\": \"/proc/1\"}]", "[{\"name\": \"a\", \"path\": \"//run/speed\"}]", "[{\"name\": \"a\", \"path\": \"/a:ro\"}]",
            "[{\"name\": \"a\", \"path\": \"/./proc\"}]", "[{\"name\": \"a\", \"path\": \"/run//speed/\"}]", "[{\"name\": \"a\", \"path\": \"/./\"}]",
            "[{\"name\": \"a\", \"path\": \"/a\"}, {\"name\": \"b\", \"path\": \"//a/.\"}]",
            "[{\"name\": \"a\", \"path\": \"/a\"}, {\"name\": \"a\", \"path\": \"/b\"}]"]),
        ("health", ["null", "{}", "{\"path\": \"/\", \"host\": \"127.0.0.1:8080\"}", "{\"path\": \"/\", \"host\": \"[::1]\"}"],
            ["{\"path\": \"/a\", \"command\": [\"b\"]}", "{\"path\": \"a\"}", "{\"path\": \"/a b\"}", "{\"command\": []}",
            "{\"path\": \"/a\", \"status\": 99}", "{\"path\": \"/\", \"host\": \"a b\"}", "{\"path\": \"/\", \"host\": \"\"}", "{\"command\": [\"a\"], \"host\": \"b\"}", "{\"path\": \"/a\", \"interval_s\": 0}", "{\"command\": [\"a\"], \"port\": 1}"]),
        ("ttl_s", ["null"], ["31622401"]),
        ("shm_mb", ["null", "1"], ["0", "-1", "1.5", "\"64m\""]),
        ("stop_grace_s", ["null", "1", "300"], ["0", "301"]),
        ("cap_add", ["null", "[]", "[\"CAP_SYS_CHROOT\", \"ipc_lock\"]"], ["[\"SYS_ADMIN\"]", "[\"ALL\"]", "[\"NET_RAW\"]", "[\"\"]", "\"SYS_CHROOT\""]),
        ("restart", ["null", "\"no\"", "\"on-failure\"", "\"always\""], ["\"on_failure\"", "\"unless-stopped\""]),
        ("on_unhealthy", ["null", "\"stay\"", "\"restart\""], ["\"no\"", "true"]),
        ("hosts", ["null", "[]"], ["[\"a\"]", "[\"a b.c\"]", "[\"-a.example\"]", "[\"a.localhost\"]", "[\"http://a.example\"]", "[\"a.example:80\"]", "[\"127.0.0.1\"]"]),
        ("kind", ["null"], ["\"service \"", "\"Job\""]),
    ];

    private static readonly (string Object, string Field, string[] Allowed, string[] AlsoWrong)[] Limits =
    [
        ("timeouts", "queue_s", ["null"], ["86401"]),
        ("timeouts", "clone_s", ["null"], ["86401"]),
        ("timeouts", "build_s", ["null"], ["86401"]),
        ("timeouts", "start_s", ["null"], ["86401"]),
        ("timeouts", "run_s", ["null", "0"], ["86401"]),
        ("resources", "memory_mb", ["null"], ["15", "1000000000"]),
        ("resources", "cpus", ["null", "1.5"], ["0.001", "100000"]),
        ("resources", "pids", ["null"], ["32769"]),
        ("build_resources", "memory_mb", ["null"], ["15", "1000000000"]),
        ("build_resources", "cpus", ["null", "1.5"], ["0.001", "100000"]),
    ];

    [Fact]
    public async Task Start_refuses_every_wrong_value_of_every_field_by_name_and_stores_nothing()
    {
        await using var app = await SpeedApp.OpenIdleAsync(
            new() { ["Speed__Git__AllowedSchemes"] = "https", ["Speed__MaxResources__cpus"] = "2" });
        var fields =
            from field in StartFields
            from value in Wrong(field.Allowed, field.AlsoWrong)
            select (field.Field, Body(field.Field, value));
        var limits =
            from limit in Limits
            from value in Wrong(limit.Allowed, limit.AlsoWrong)
            select ($"{limit.Object}.{limit.Field}", Body(limit.Object, $"{{\"{limit.Field}\": {value}}}"));

        await RefusesAllAsync(app, "/start", fields.Concat(limits));

        Assert.Equal(1, await app.StartAsync("https://example.com/r.git"));
    }

    [Fact]
    public async Task Start_takes_every_allowed_value_of_every_field()
    {
        await using var app = await SpeedApp.OpenIdleAsync(new() { ["Speed__MaxResources__cpus"] = "2" });
        var bodies = StartFields.SelectMany(field => field.Allowed.Select(value => Body(field.Field, value)))
            .Concat(Limits.SelectMany(limit => limit.Allowed.Select(value =>
                Body(limit.Object, $"{{\"{limit.Field}\": {value}}}"))));

        foreach (var body in bodies)
        {
            Assert.True((await app.SendAsync("/start", body)).Status == 201, body);
        }
    }

    [Fact]
    public async Task Update_refuses_every_wrong_value_of_its_fields_by_name_and_stores_nothing()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await app.StartAsync("https://example.com/r.git");
        var ids = Wrong(["0", "-1"], []).Select(value => ("id", $$"""{"id": {{value}}, "new_results": "x"}"""));
        var texts =
            from value in Wrong([Text], [])
            select ("new_results", $$"""{"id": {{id}}, "new_results": {{value}}}""");

        await RefusesAllAsync(
            app,
            "/update",
            [.. ids, .. texts, ("id", """{"new_results": "x"}"""), ("new_results", $$"""{"id": {{id}}}"""), ("id", "{}")]);

        Assert.Equal("", await app.ResultsAsync(id));
    }

    [Fact]
    public async Task Add_results_refuses_every_wrong_value_by_name_and_stores_nothing()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await app.StartAsync("https://example.com/r.git");
        var cases = Wrong([Text], []).Select(value => ("results", $$"""{"results": {{value}}}"""));

        await RefusesAllAsync(app, $"/add_results/{id}", cases);

        Assert.Equal("", await app.ResultsAsync(id));
        foreach (var missing in new[] { "{}", """{"results": null}""", """{"results": ""}""" })
        {
            var answer = await app.SendAsync($"/add_results/{id}", missing);
            Assert.Equal((400, """{"error":"Missing results data"}"""), (answer.Status, answer.Text));
        }
    }

    private static async Task RefusesAllAsync(SpeedApp app, string path, IEnumerable<(string Field, string Body)> cases)
    {
        foreach (var (field, body) in cases)
        {
            var answer = await app.SendAsync(path, body);

            Assert.True(answer.Status == 400, $"{answer.Status} to {Shorten(body)}");
            Assert.True(answer.Error.Contains(field, StringComparison.Ordinal), $"{answer.Error} to {Shorten(body)}");
        }
    }

    private static IEnumerable<string> Wrong(string[] allowed, string[] alsoWrong) =>
        AnyValue.Except(allowed).Concat(alsoWrong);

    private static string Body(string field, string value)
    {
        var members = new Dictionary<string, string>
        {
            ["url"] = "\"https://example.com/r.git\"",
            ["branch"] = "\"main\"",
            [field] = value,
        };
        return "{" + string.Join(", ", members.Select(member => $"\"{member.Key}\": {member.Value}")) + "}";
    }

    private static string Long(int length) => "\"" + new string('a', length) + "\"";

    private static string Shorten(string text) => text.Length < 200 ? text : text[..200] + "…";
}
