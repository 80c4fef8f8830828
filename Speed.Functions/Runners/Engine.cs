using System.Text.Json;
using Docker.DotNet;

namespace Speed.Runners;

/// <summary>What an engine says of itself.</summary>
internal sealed record Engine(string Version, Version Api, string Os, string Architecture)
{
    /// <summary>For example <c>linux/amd64</c>.</summary>
    public string Platform => $"{Os}/{Architecture}";

    /// <summary>The versions of its parts by name, <c>Engine</c> and <c>runc</c> among them; not every engine tells them.</summary>
    public ILookup<string, string> Components { get; init; } = Array.Empty<string>().ToLookup(name => name);

    /// <summary>Here-documents came with the frontend of 23.0 (API 1.42).</summary>
    public bool HasHereDocuments => Api >= new Version(1, 42);

    /// <summary>
    /// 20.10 tells what its cache holds only with all else that it has, one question at a time, and not by which id.
    /// </summary>
    public bool TellsOfCaches => HasBuildKit && Api >= new Version(1, 42);

    public bool HasBuildKit => Os == "linux" && Api >= new Version(1, 39);
}

internal static class EngineAnswers
{
    extension(DockerApiException exception)
    {
        /// <summary>The engine's own words.</summary>
        public string Reason => MessageIn(exception.ResponseBody) ?? $"HTTP {(int)exception.StatusCode}";
    }

    internal static string? MessageIn(string? body)
    {
        if (string.IsNullOrWhiteSpace(body))
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.TryGetProperty("message", out var message) ? message.GetString() : body.Trim();
        }
        catch (JsonException)
        {
            return body.Trim();
        }
    }
}
