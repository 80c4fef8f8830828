using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Speed.Tests.Hooks;

/// <summary>A folder below <c>Hooks/Deliveries</c>, whose README says how it is written.</summary>
internal sealed class WrittenDelivery
{
    private const string Secret = HookSender.Secret;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
    };

    private readonly IReadOnlyList<(string Name, string Value)> _headers;
    private readonly string _forge;
    private readonly WrittenFile _file;

    private WrittenDelivery(string forge, IReadOnlyList<(string Name, string Value)> headers, string payload, WrittenFile file)
    {
        (_forge, _headers, _file) = (forge, headers, file);
        Body = headers.Any(header => header.Value.Contains("form-urlencoded", StringComparison.Ordinal))
            ? "payload=" + WebUtility.UrlEncode(payload)
            : payload;
    }

    public string Body { get; }

    public string Url => _file.Hook.Url ?? Payloads.Url;

    /// <summary>Branches of which the hook started something that has not ended.</summary>
    public IReadOnlyList<string> Live => _file.Live ?? [];

    public Expectation Expected => _file.Expected;

    public static WrittenDelivery Read(string folder)
    {
        var headers = File.ReadAllLines(Path.Combine(folder, "headers.txt"))
            .Select(line => line.Split(": ", 2)).Select(pair => (pair[0], pair[1])).ToList();
        var file = JsonSerializer.Deserialize<WrittenFile>(File.ReadAllText(Path.Combine(folder, "expected.json")), Json)!;
        var forge = Path.GetFileName(Path.GetDirectoryName(folder)!);
        return new WrittenDelivery(forge, headers, File.ReadAllText(Path.Combine(folder, "payload.json")), file);
    }

    public string HookBody(string name) => JsonSerializer.Serialize(new
    {
        name,
        forge = _forge,
        url = Url,
        branches = _file.Hook.Branches ?? ["*"],
        paths = _file.Hook.Paths,
        secret = Secret,
    });

    /// <summary>With the signatures that the forge would make of this body at this time.</summary>
    public IEnumerable<(string Name, string Value)> Headers()
    {
        var seconds = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var id = _headers.FirstOrDefault(header => header.Name == "webhook-id").Value;
        var signed = HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes($"{id}.{seconds}.{Body}"));
        return _headers.Select(header => (header.Name, header.Value
            .Replace("{digest}", HookSender.Sign(Body), StringComparison.Ordinal)
            .Replace("{token}", Secret, StringComparison.Ordinal)
            .Replace("{seconds}", seconds, StringComparison.Ordinal)
            .Replace("{standard}", Convert.ToBase64String(signed), StringComparison.Ordinal)));
    }

    private sealed record WrittenFile(WrittenHook Hook, IReadOnlyList<string>? Live, Expectation Expected);

    private sealed record WrittenHook(string? Url, IReadOnlyList<string>? Branches, IReadOnlyList<string>? Paths);
}

/// <summary>What has to follow from a delivery.</summary>
internal sealed record Expectation(
    int Status, IReadOnlyList<WrittenRecord> Records, IReadOnlyList<StartedDeployment> Started, IReadOnlyList<string> Canceled);

/// <summary>A record of a delivery, as SPEED lists it.</summary>
internal sealed record WrittenRecord(string Decision, string Event, string? ForgeId, string Reason);

internal sealed record StartedDeployment(string Url, string Branch, string Commit);
