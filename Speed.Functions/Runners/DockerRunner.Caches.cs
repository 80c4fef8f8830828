using System.Net;
using System.Text.Json;
using Docker.DotNet;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>What builds keep for later ones. Of the engine's cache only what is surely of this instance's builds is touched.</summary>
public sealed partial class DockerRunner
{
    private const string CacheMount = "exec.cachemount";
    private const string IdInDescription = " with id \"";

    public async Task<IReadOnlyList<OwnCache>> ListCachesAsync(CancellationToken cancellationToken)
    {
        if (!(await _docker.DescribeAsync(cancellationToken)).TellsOfCaches)
        {
            return [];
        }

        // The id of a cache mount has its repository's namespace in front; nothing tells whose a layer is.
        var own = (await _store.ListRepositoriesAsync(cancellationToken)).Select(NamespaceOf).ToHashSet();
        var usage = await ReadUsageAsync(cancellationToken);
        return
        [
            .. from one in usage.ValueKind == JsonValueKind.Array ? usage.EnumerateArray() : []
               where one.GetProperty("Type").GetString() == CacheMount && !one.GetProperty("InUse").GetBoolean()
               where own.Contains(NamespaceIn(one.GetProperty("Description").GetString() ?? ""))
               select new OwnCache(one.GetProperty("ID").GetString()!, one.GetProperty("Size").GetInt64()),
        ];
    }

    public async Task<bool> RemoveCacheAsync(OwnCache cache, CancellationToken cancellationToken)
    {
        var filters = JsonSerializer.Serialize(new Dictionary<string, Dictionary<string, bool>>
        {
            ["id"] = new() { [cache.Id] = true },
        });
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/build/prune?filters={Uri.EscapeDataString(filters)}");
        var answer = await ReadJsonAsync(request, cancellationToken);
        return answer.GetProperty("CachesDeleted") is { ValueKind: JsonValueKind.Array } gone
            && gone.EnumerateArray().Any(id => id.GetString() == cache.Id);
    }

    // "cached mount /c from exec /bin/sh -c make with id "4b8b…/npm"": the command may say anything, quotes in the id are
    // escaped.
    private static string NamespaceIn(string description)
    {
        var at = description.LastIndexOf(IdInDescription, StringComparison.Ordinal);
        return at < 0 ? "" : description[(at + IdInDescription.Length)..].Split('/')[0];
    }

    private async Task<JsonElement> ReadUsageAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/system/df?type=build-cache");
        return (await ReadJsonAsync(request, cancellationToken)).GetProperty("BuildCache");
    }

    private async Task<JsonElement> ReadJsonAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var response = await _docker.SendAsync(request, cancellationToken);
        try
        {
            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            return response.StatusCode == HttpStatusCode.OK
                ? JsonElement.Parse(body)
                : throw new DockerApiException(response.StatusCode, body);
        }
        catch (Exception exception) when (DockerConnection.IsLost(exception))
        {
            throw _docker.Unavailable(exception);
        }
    }
}
