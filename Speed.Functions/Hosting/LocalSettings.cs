using System.Text.Json;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.Options;

namespace Speed.Hosting;

/// <summary>The settings in local.settings.json: its <c>Values</c>, and <c>Host</c> under that name.</summary>
internal static class LocalSettings
{
    private const string FileName = "local.settings.json";

    private static readonly JsonDocumentOptions Lenient = new()
    {
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
    };

    /// <summary>Empty if the folder has no such file.</summary>
    public static MemoryConfigurationSource Source(string folder) => new() { InitialData = Read(folder) };

    private static List<KeyValuePair<string, string?>> Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            return [];
        }

        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path), Lenient);
            return Read(json.RootElement);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw Unusable($"{path} is not JSON as expected: {fault.Message}");
        }
    }

    private static List<KeyValuePair<string, string?>> Read(JsonElement root)
    {
        if (root.TryGetProperty("IsEncrypted", out var encrypted) && encrypted.ValueKind == JsonValueKind.True)
        {
            throw Unusable($"{FileName} is encrypted, which only Core Tools can read: run 'func settings decrypt'.");
        }

        return [.. Members(root, "Values", prefix: ""), .. Members(root, "Host", prefix: "Host:")];
    }

    private static IEnumerable<KeyValuePair<string, string?>> Members(JsonElement root, string section, string prefix)
    {
        if (!root.TryGetProperty(section, out var members))
        {
            return [];
        }

        return from member in members.EnumerateObject()
               let value = member.Value.ToString()
               where value.Length > 0
               select KeyValuePair.Create(
                   prefix + member.Name.Replace("__", ":", StringComparison.Ordinal), (string?)value);
    }

    private static OptionsValidationException Unusable(string sentence) =>
        new(FileName, typeof(LocalSettings), [sentence]);
}
