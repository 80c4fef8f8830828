using Microsoft.Extensions.Configuration;

namespace Speed.Hosting;

/// <summary>What host.json says that matters here.</summary>
internal static class HostJson
{
    /// <summary>What every route begins with; <c>api</c> unless set, as under the Azure Functions host.</summary>
    public static string RoutePrefix(string folder) =>
        new ConfigurationBuilder()
            .AddJsonFile(Path.Combine(folder, "host.json"), optional: true)
            .Build()["extensions:http:routePrefix"] ?? "api";
}
