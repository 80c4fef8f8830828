using Microsoft.Extensions.Configuration;

namespace Speed.Endpoints;

/// <summary>The folder of host.json and local.settings.json: the program's own, unless the Functions host names another.</summary>
internal static class AppFolder
{
    public static string Find(IConfiguration configuration) =>
        configuration["AzureWebJobsScriptRoot"] ?? AppContext.BaseDirectory;
}
