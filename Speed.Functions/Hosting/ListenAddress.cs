using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Speed.Hosting;

/// <summary>Where to listen: <c>Speed__Urls</c>, else the port of local.settings.json, else 127.0.0.1:7071.</summary>
internal static class ListenAddress
{
    /// <summary>One address or several. Refuses what other machines could reach while no keys are required.</summary>
    public static string[] Read(IConfiguration configuration)
    {
        if (configuration["Speed:Urls"] is { Length: > 0 } urls)
        {
            var areKeysRequired = configuration["Speed:Auth"]?.Equals("off", StringComparison.OrdinalIgnoreCase) != true;
            return [.. Split(urls).Select(url => Judge(url, areKeysRequired))];
        }

        var port = configuration["Host:LocalHttpPort"] is { Length: > 0 } text ? ParsePort(text) : 7071;
        return [$"http://127.0.0.1:{port}"];
    }

    private static string[] Split(string urls) =>
        urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static ushort ParsePort(string text) =>
        ushort.TryParse(text, out var port)
            ? port
            : throw Unusable($"Host.LocalHttpPort of local.settings.json must be a port, 0 to 65535, not '{text}'.");

    private static string Judge(string url, bool areKeysRequired)
    {
        if (!Uri.TryCreate(url.Replace("//*", "//0.0.0.0").Replace("//+", "//0.0.0.0"), UriKind.Absolute, out var uri)
            || uri.Scheme != Uri.UriSchemeHttp)
        {
            throw Unusable(
                $"Speed__Urls must be addresses such as http://127.0.0.1:7071, with ';' between them, not '{url}'.");
        }

        var isLoopback = uri.Host == "localhost"
            || (IPAddress.TryParse(uri.IdnHost, out var address) && IPAddress.IsLoopback(address));
        return isLoopback || areKeysRequired
            ? url
            : throw Unusable(
                $"Speed__Urls has {url}, which other machines may reach: with Speed__Auth=off only a loopback address is "
                + "allowed, such as http://127.0.0.1:7071. Set Speed__Auth to required.");
    }

    private static OptionsValidationException Unusable(string sentence) =>
        new("Speed__Urls", typeof(ListenAddress), [sentence]);
}
