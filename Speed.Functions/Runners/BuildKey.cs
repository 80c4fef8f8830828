using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Speed.Runners;

/// <summary>
/// Everything that an image depends on. Two builds with the same key need not both be made.
/// </summary>
internal sealed record BuildKey(
    string Tree,
    string Dockerfile,
    string DockerfileSha256,
    string? Target,
    SortedDictionary<string, string> BuildArgs,
    IReadOnlyList<string> BaseImages,
    string Platform,
    string Builder)
{
    /// <summary>
    /// The words that were judged, and what they came to. Null, and no part of the key, for one as it was made before there
    /// were any.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Judged { get; init; }

    /// <summary>Which rules judged them.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Rules { get; init; }

    /// <summary>
    /// Whose cache mounts went into it: two repositories of the same tree have caches of their own, and so images. Null where
    /// it mounts none.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Caches { get; init; }

    /// <summary>64 lower-case hex digits.</summary>
    public string Hash() => Sha256(JsonSerializer.SerializeToUtf8Bytes(this));

    public static string Sha256(string text) => Sha256(Encoding.UTF8.GetBytes(text));

    private static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
