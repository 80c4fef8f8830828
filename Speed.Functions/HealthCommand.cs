using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Speed.Hosting;

namespace Speed;

/// <summary>
/// <c>--health</c>: asks the SPEED that serves by the same settings whether it answers, instead of serving; for a
/// container's health check, where there need be no other program to ask with. 0: it does; 1: it does not, or what of these
/// settings keeps it from being asked.
/// </summary>
internal static class HealthCommand
{
    private const string Option = "--health";

    // Docker's own limit for a health check is not always ours; a SPEED that needs longer is not well.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static bool IsAskedBy(string[] args) => args is [Option, ..];

    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        Uri? address = null;
        try
        {
            using var configuration = new ConfigurationManager();
            SelfHost.Configure(configuration, args[1..]);
            address = FindLocal(ListenAddress.Read(configuration)[0]);
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = Patience };
            using var answer = await http.GetAsync(new Uri(address, "health"));
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                await output.WriteLineAsync($"SPEED answers at {address}");
                return 0;
            }

            await error.WriteLineAsync($"{address}health answered {(int)answer.StatusCode}.");
        }
        catch (OptionsValidationException fault)
        {
            await error.WriteLineAsync(fault.Message);
        }
        catch (HttpRequestException fault)
        {
            await error.WriteLineAsync($"SPEED does not answer at {address}: {fault.Message}");
        }
        catch (TaskCanceledException)
        {
            await error.WriteLineAsync($"SPEED does not answer at {address} within {Patience.TotalSeconds:0} s.");
        }

        return 1;
    }

    /// <summary>
    /// Where this machine reaches what listens there: on all its addresses, or under a name that may be another machine's to
    /// resolve, is on loopback, too.
    /// </summary>
    internal static Uri FindLocal(string url)
    {
        var address = new UriBuilder(url.Replace("//*", "//0.0.0.0").Replace("//+", "//0.0.0.0")) { Path = "/" };
        var host = IPAddress.TryParse(address.Host, out var written) ? written : IPAddress.Any;
        address.Host = host.Equals(IPAddress.Any) ? $"{IPAddress.Loopback}"
            : host.Equals(IPAddress.IPv6Any) ? $"[{IPAddress.IPv6Loopback}]"
            : address.Host;
        return address.Uri;
    }
}
