using System.Text.Json;
using CsCheck;
using Speed.Tests.Hooks;
using Speed.Tests.OpenApi;

namespace Speed.Tests.Fuzz;

/// <summary>Requests to every function that the document describes: good ones, and ones with a little wrong in them.</summary>
internal sealed class RequestGen
{
    // They look at Docker or write whole databases.
    private static readonly string[] Costly = ["Backup", "Doctor", "Gc", "CollectGc", "Volumes", "ExportVolume", "ImportVolume"];

    private static readonly string[] ContentTypes =
    [
        "", "text/plain", "application/json; charset=utf-16", "application/json;charset=utf-8", "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x", "application/", ";", "APPLICATION/JSON", "application/json, text/plain", "application/problem+json",
    ];

    private static readonly string[] HeaderNames =
    [
        "If-None-Match", "If-Match", "Idempotency-Key", "Last-Event-ID", "Accept", "Accept-Encoding", "X-Request-Id", "Origin", "Range",
        "X-Forwarded-For", "X-Forwarded-Host", "Cookie", "x-functions-key", "Authorization", "X-GitHub-Event", "X-Gitlab-Token",
        "X-Hub-Signature-256", "X-Event-Key", "X-Gitea-Event", "Traceparent", "Forwarded", "Host",
    ];

    private static readonly (string, string)[] Unsigned = [];

    private readonly JsonContract _contract = new(ContractHandler.Document);
    private readonly JsonGen _json;

    public RequestGen()
    {
        _json = new JsonGen(_contract);
        Requests = Gen.Frequency(
        [
            .. from path in ContractHandler.Document.GetProperty("paths").EnumerateObject()
               from operation in path.Value.EnumerateObject()
               where operation.Name != "parameters"
               let function = operation.Value.GetProperty("operationId").GetString()!
               select (WeightOf(function), To(function, operation.Name.ToUpperInvariant(), path.Name, operation.Value)),
        ]);
    }

    public Gen<FuzzRequest> Requests { get; }

    private static int WeightOf(string function) => function switch
    {
        "Create" or "AddHook" or "Deliver" or "AddNotification" => 60,
        _ => Costly.Contains(function) ? 1 : 20,
    };

    private Gen<FuzzRequest> To(string function, string method, string path, JsonElement operation)
    {
        var parameters = operation.TryGetProperty("parameters", out var listed)
            ? listed.EnumerateArray().Select(Follow).ToList()
            : [];
        var methods = Gen.Frequency(
            (40, Gen.Const(method)), (1, Gen.OneOf("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY")));
        var address = Gen.Select(
            PathOf(path),
            QueryOf([.. parameters.Where(parameter => parameter.GetProperty("in").ValueEquals("query"))]),
            (segments, query) => query.Count == 0 ? segments : $"{segments}?{string.Join('&', query)}");
        var headers = HeadersOf([.. parameters.Where(parameter => parameter.GetProperty("in").ValueEquals("header"))]);
        return Gen.Select(methods, address, headers, BodyOf(function, operation), (verb, target, fields, body) => new FuzzRequest(
            function, verb, target, [.. fields, .. body.Signature], body.Type, body.Text));
    }

    private static Gen<string> PathOf(string path)
    {
        var parts = path.Split('/');
        var made = Gen.Const("");
        for (var i = 1; i < parts.Length; i++)
        {
            var part = parts[i];
            var segment = part.StartsWith('{')
                ? Gen.Frequency((12, Linked(parts[i - 1])), (1, Odd.Text.Select(Encoded)))
                : Gen.Frequency((200, Gen.Const(part)), (1, Gen.OneOf(part.ToUpperInvariant(), part + "%20", part + "/", "")));
            made = Gen.Select(made, segment, (before, one) => $"{before}/{one}");
        }

        return made;

        // {id} and {name} are of what stands before them.
        static Gen<string> Linked(string before) => before switch
        {
            "ui" => Gen.OneOf("site.css", "app.js", "none"),
            "deliveries" => Gen.Int[0, 39].Select(which => Links.To("delivery", which)),
            "hooks" or "notifications" or "secrets" or "tokens" => Gen.Frequency(
                (4, Gen.Int[0, 39].Select(which => Links.To(before, which))), (1, Gen.OneOf("A_KEY", "app", "commit-status"))),
            _ => Gen.Int[0, 39].Select(which => Links.To("deployments", which)),
        };
    }

    private Gen<List<string>> QueryOf(IReadOnlyList<JsonElement> parameters)
    {
        var query = Gen.Const(new List<string>());
        foreach (var parameter in parameters)
        {
            var name = parameter.GetProperty("name").GetString()!;
            var good = name == "cursor"
                ? Gen.Int[0, 39].Select(which => Links.To("cursor", which))
                : _json.Of(parameter.GetProperty("schema"), name).Select(json => Encoded(json.Trim('"')));
            var values = Gen.Frequency(
                (12, Gen.Const(Array.Empty<string>())), (6, good.Select(value => new[] { value })),
                (2, Odd.Text.Select(text => new[] { Encoded(text) })), (1, Gen.Select(good, good, (one, other) => new[] { one, other })));
            query = Gen.Select(query, values, (list, more) =>
                list.Concat(more.Select(value => $"{name}={value}")).ToList());
        }

        var stray = Gen.Frequency((30, Gen.Const("")), (1, Odd.Text.Select(text => $"x={Encoded(text)}")), (1, Gen.OneOf("&", "=", "%", "a=%ff", "=%00")));
        return Gen.Select(query, stray, (list, one) => one.Length == 0 ? list : list.Append(one).ToList());
    }

    private static Gen<List<(string Name, string Value)>> HeadersOf(IReadOnlyList<JsonElement> parameters)
    {
        var headers = Gen.Select(Gen.OneOf(HeaderNames), Odd.Header).List[0, 1];
        var some = Gen.Frequency((3, Gen.Const(new List<(string, string)>())), (1, headers));
        foreach (var parameter in parameters)
        {
            var name = parameter.GetProperty("name").GetString()!;
            var good = name switch
            {
                "Idempotency-Key" => Gen.Int[0, 9].Select(which => $"key-{which}"),
                "If-None-Match" => Gen.Int[0, 3].Select(version => $"W/\"{version}\""),
                _ => Gen.Int[0, 500].Select(id => $"{id}"),
            };
            var value = Gen.Frequency((6, Gen.Const("")), (5, good), (1, Odd.Header));
            some = Gen.Select(some, value, (list, one) => one.Length == 0 ? list : [.. list, (name, one)]);
        }

        return some;
    }

    private Gen<(string? Type, string? Text, (string, string)[] Signature)> BodyOf(string function, JsonElement operation)
    {
        if (!operation.TryGetProperty("requestBody", out var described))
        {
            return Gen.Frequency(
                (20, Gen.Const<(string?, string?, (string, string)[])>((null, null, Unsigned))),
                (1, Odd.Bodies.Select(text => ((string?)"application/json", (string?)text, Unsigned))));
        }

        var content = Follow(described).GetProperty("content");
        if (!content.TryGetProperty("application/json", out var media))
        {
            var other = content.EnumerateObject().First().Name;
            return Odd.Bodies.Select(text => ((string?)other, (string?)text, Unsigned));
        }

        var good = function == "Deliver"
            ? Payloads()
            : _json.Of(media.GetProperty("schema")).Select(text => (Text: text, Signature: Unsigned));
        if (media.TryGetProperty("example", out var example))
        {
            good = Gen.Frequency((8, good), (1, Gen.Const((example.GetRawText(), Unsigned))));
        }

        var body = Gen.Frequency((25, good), (1, Odd.Bodies.Select(text => (Text: text, Signature: Unsigned))));
        var type = Gen.Frequency((25, Gen.Const("application/json")), (1, Gen.OneOf(ContentTypes)));
        return Gen.Select(type, body, (kind, one) => ((string?)kind, (string?)one.Text, one.Signature));
    }

    // What forges send, to a hook that knows the secret or to another.
    private static Gen<(string Text, (string, string)[] Signature)> Payloads()
    {
        const string Url = "https://git.example.invalid/owner/app.git";
        string[] payloads =
        [
            Hooks.Payloads.GithubPush(Url).ToJsonString(), Hooks.Payloads.GithubDelete("main", url: Url).ToJsonString(),
            Hooks.Payloads.GithubPullRequest("main", url: Url).ToJsonString(), Hooks.Payloads.GithubPing().ToJsonString(),
            """{"object_kind":"push","ref":"refs/heads/main","before":"","after":"da1560886d4f094c3e6c9ef40349f7d38b5d27d7","project":{"git_http_url":"https://git.example.invalid/owner/app.git"}}""",
        ];
        var values = Gen.Frequency(
            (4, Gen.OneOf([.. payloads.Select(payload => JsonGen.Like(JsonElement.Parse(payload)))])), (1, Odd.Json));
        return Gen.Select(values, Gen.OneOf("0123456789abcdef", "another"), (text, secret) => (
            text, HookSender.Signed(text, secret)));
    }

    private JsonElement Follow(JsonElement described) =>
        described.TryGetProperty("$ref", out var reference) ? _contract.Follow(reference.GetString()!) : described;

    // Links are filled later.
    private static string Encoded(string text) => string.Concat(text.Select(one => one switch
    {
        '\uE000' or '\uE001' or ':' => $"{one}",
        Odd.BadByte => "%FF",
        _ when char.IsSurrogate(one) => "%F0%9F%92%A9",
        _ => Uri.EscapeDataString($"{one}"),
    }));
}
