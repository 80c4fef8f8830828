using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Speed.Data;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>
/// All that can be read of a data directory, as JSON: once by the program that made it, and again by each later one.
/// </summary>
internal static class EarlierReading
{
    private const int LongestText = 100;
    private const int LongestTable = 110;

    // Of the moment and of this process, and not of the data.
    private static readonly string[] Fleeting = ["delivery_url", "eta_at", "next_at"];

    // Time at which SPEED runs is noted in the one; the other has what SQLite notes for itself.
    private static readonly string[] OwnTables = ["clock", "sqlite_sequence"];

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    /// <summary>What the API tells whoever has the admin key.</summary>
    public static async Task<JsonObject> ReadAsync(SpeedApp app)
    {
        var list = await app.GetAsync("/v1/deployments?limit=200");
        var ids = list.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetInt64()).ToList();
        var (resources, results, logs) = (new JsonArray(), new JsonArray(), new JsonArray());
        foreach (var id in ids.Order())
        {
            resources.Add(await ReadResourceAsync(app, id));
            results.Add(await ReadResultsAsync(app, id));
            logs.Add(await ReadLogAsync(app, id));
        }

        return new JsonObject
        {
            ["deployments"] = resources,
            ["results"] = results,
            ["logs"] = logs,
            ["queue"] = await GetAsync(app, "/v1/queue"),
            ["hooks"] = await WithDeliveriesAsync(app, "hooks"),
            ["notifications"] = await WithDeliveriesAsync(app, "notifications"),
            ["secrets"] = await GetAsync(app, "/v1/secrets"),
            ["tokens"] = await GetAsync(app, "/v1/tokens"),
        };
    }

    /// <summary>One deployment alone.</summary>
    public static Task<JsonNode> ReadResourceAsync(SpeedApp app, long id) => GetAsync(app, $"/v1/deployments/{id}");

    /// <summary>What the tables of both databases hold, row by row; what is NULL is left out.</summary>
    public static JsonObject ReadRows(string folder)
    {
        var rows = new JsonObject();
        foreach (var name in new[] { "deployments", "logs" })
        {
            using var file = SqliteSession.Open(
                Path.Combine(folder, name + ".db"), SqliteOpenMode.ReadOnly, TimeSpan.FromSeconds(5));
            Assert.Equal("ok", file.Run("PRAGMA integrity_check"));
            Assert.Null(file.Run("PRAGMA foreign_key_check"));
            foreach (var table in file.All(
                "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name", row => row.Text()).Except(OwnTables))
            {
                rows[$"{name}.{table}"] = ReadTable(file, table);
            }
        }

        return rows;
    }

    /// <summary>Of long tables the number of rows and one hash of all that is in them, in the place of the rows.</summary>
    public static JsonObject Shorten(JsonObject rows) => new(rows.Select(table =>
        KeyValuePair.Create<string, JsonNode?>(table.Key, table.Value!.AsArray() is { Count: > LongestTable } all
            ? Digest(all, [.. all.SelectMany(row => row!.AsObject().Select(member => member.Key)).Distinct()])
            : table.Value!.DeepClone())));

    /// <summary>What the tables held, as they are since then: what a migration rewrote on purpose is rewritten here, too.</summary>
    public static JsonObject AsToday(JsonNode expected)
    {
        var rows = expected.DeepClone().AsObject();
        if (rows["deployments.image_use"] is JsonArray uses && uses.Any(use => use!.AsObject().ContainsKey("url")))
        {
            rows["deployments.image_use"] = ByIdentity(uses);
        }

        // Since schema 22 a session has two halves: those of before end.
        rows.Remove("deployments.session");
        return rows;
    }

    /// <summary>
    /// Where what stood has been lost or changed; empty where nothing has. What came anew, a member or a table, is no
    /// loss; an item of a list is.
    /// </summary>
    public static IEnumerable<string> FindLosses(JsonNode? expected, JsonNode? actual, string at = "")
    {
        switch (expected, actual)
        {
            case (JsonObject digest, JsonArray now) when digest.ContainsKey("members"):
                return FindLosses(digest, Digest(now, [.. digest["members"]!.AsArray().Select(name => (string)name!)]), at);
            case (JsonObject all, JsonObject now):
                return all.Where(member => !Fleeting.Contains(member.Key)).SelectMany(member => now.ContainsKey(member.Key)
                    ? FindLosses(member.Value, now[member.Key], $"{at}/{member.Key}")
                    : [$"{at}/{member.Key} is gone: {member.Value?.ToJsonString() ?? "null"}"]);
            case (JsonArray all, JsonArray now) when all.Count == now.Count:
                return all.Index().SelectMany(item => FindLosses(item.Item, now[item.Index], $"{at}/{item.Index}"));
            default:
                return JsonNode.DeepEquals(expected, actual)
                    ? []
                    : [$"{at} was {expected?.ToJsonString() ?? "null"} and is {actual?.ToJsonString() ?? "null"}"];
        }
    }

    // Since schema 14: of several spellings that are one repository, the use by the newest deployment.
    private static JsonArray ByIdentity(JsonArray uses) => new(
    [
        .. uses
            .GroupBy(use => (
                Identity: RepositoryIdentity.Of((string)use!["url"]!).Text, Branch: (string)use["branch"]!,
                Image: (string)use["image_id"]!))
            .OrderBy(use => use.Key.Identity, StringComparer.Ordinal)
            .ThenBy(use => use.Key.Branch, StringComparer.Ordinal)
            .ThenBy(use => use.Key.Image, StringComparer.Ordinal)
            .Select(use => new JsonObject
            {
                ["identity"] = use.Key.Identity,
                ["branch"] = use.Key.Branch,
                ["image_id"] = use.Key.Image,
                ["deployment_id"] = use.Max(one => (long)one!["deployment_id"]!),
            }),
    ]);

    private static async Task<JsonObject> ReadResultsAsync(SpeedApp app, long id) => new()
    {
        ["id"] = id,
        ["info"] = await GetAsync(app, $"/info/{id}"),
        ["text"] = (await GetAsync(app, $"/results/{id}"))["results"]?.DeepClone(),
        ["items"] = (await GetAsync(app, $"/v1/deployments/{id}/results"))["items"]!.DeepClone(),
    };

    private static async Task<JsonObject> ReadLogAsync(SpeedApp app, long id)
    {
        var text = await app.Client.GetByteArrayAsync($"/v1/deployments/{id}/logs?format=text", Now);
        var lines = await app.Client.GetStringAsync($"/v1/deployments/{id}/logs?format=ndjson", Now);
        var entries = lines.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => Print(JsonElement.Parse(line))).ToList();
        return new JsonObject
        {
            ["id"] = id,
            ["text_sha256"] = Convert.ToHexStringLower(SHA256.HashData(text)),
            ["entries"] = entries.Count,
            ["entries_sha256"] = HashOf(string.Join('\n', entries)),
            ["last"] = Cut(entries.LastOrDefault() ?? ""),
        };
    }

    // Every member that an entry has today, and none that it may get.
    private static string Print(JsonElement entry)
    {
        if (entry.TryGetProperty("gap", out var gap))
        {
            return $"gap {gap.GetProperty("from")}-{gap.GetProperty("to")}, {gap.GetProperty("bytes")} bytes: "
                + gap.GetProperty("reason");
        }

        var goesOn = entry.TryGetProperty("cont", out _) ? " …" : "";
        return $"{entry.GetProperty("n")} {entry.GetProperty("at")} {entry.GetProperty("phase")} "
            + $"{entry.GetProperty("stream")}{goesOn}: {entry.GetProperty("text")}";
    }

    // What members come anew does not count.
    private static JsonObject Digest(JsonArray rows, string[] members) => new()
    {
        ["rows"] = rows.Count,
        ["members"] = new JsonArray([.. members.Select(name => (JsonNode)name)]),
        ["sha256"] = HashOf(string.Join('\n', rows.Select(
            row => string.Join('|', members.Select(name => row![name]?.ToJsonString() ?? "null"))))),
    };

    private static async Task<JsonNode> WithDeliveriesAsync(SpeedApp app, string what)
    {
        var all = await GetAsync(app, $"/v1/{what}");
        foreach (var item in all["items"]!.AsArray())
        {
            item!["deliveries"] = await GetAsync(app, $"/v1/{what}/{item["name"]}/deliveries");
        }

        return all;
    }

    private static async Task<JsonNode> GetAsync(SpeedApp app, string path) =>
        Short(JsonNode.Parse((await app.GetAsync(path)).GetRawText()))!;

    private static JsonArray ReadTable(SqliteSession file, string table)
    {
        var columns = file.All(
            "SELECT name FROM pragma_table_info($table) ORDER BY pk = 0, pk, cid",
            row => row.Text(), ("$table", table));
        var members = columns.Select(column =>
            $"'{column}', CASE typeof(\"{column}\") WHEN 'blob' THEN hex(\"{column}\") ELSE \"{column}\" END");
        var order = columns.Take(3).Select(column => $"\"{column}\"");
        var rows = file.All(
            $"""
            SELECT json_object({string.Join(", ", members)})
            FROM "{table}"
            ORDER BY {string.Join(", ", order)}
            """,
            row => JsonNode.Parse(row.Text())!.AsObject());
        return new JsonArray([.. rows.Select(row => ReadRow(table, row))]);
    }

    private static JsonNode? ReadRow(string table, JsonObject row)
    {
        if (row.Remove("options", out var options) && table != "deployment")
        {
            // A later program may add options. Those of deployments are told by the API.
            row["options"] = JsonNode.Parse((string)options!);
        }

        return Short(new JsonObject(row.Where(member => member.Value is not null).Select(member =>
            KeyValuePair.Create(member.Key, member.Value?.DeepClone()))));
    }

    private static JsonNode? Short(JsonNode? node) => node switch
    {
        JsonObject members => new JsonObject(
            members.Select(member => KeyValuePair.Create(member.Key, Short(member.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Short)]),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => Cut(value.GetValue<string>()),
        _ => node?.DeepClone(),
    };

    // Those are known by their hash.
    private static string Cut(string text) => text.Length <= LongestText
        ? text
        : string.Create(CultureInfo.InvariantCulture, $"{text[..20]}… {text.Length} characters, sha256 {HashOf(text)[..16]}");

    private static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
