using System.Net;
using System.Net.Sockets;
using System.Text;
using Speed.Deployments;

namespace Speed.Sources;

/// <summary>A checked way to a repository: all that git may know of it.</summary>
/// <param name="Url">As people know it, for messages.</param>
internal sealed record GitRoute(string Url)
{
    // What GitHub calls it. GitHub, GitLab and Gitea look at the token alone and take any name with it; Bitbucket does
    // not, so its secrets name their user.
    private const string AnyUser = "x-access-token";

    /// <summary>What git is given: after all redirects, its host in its one spelling.</summary>
    public string FetchUrl { get; init; } = Url;

    /// <summary>
    /// The only addresses that may be connected to. Empty where nothing is connected to, or a proxy does it.
    /// </summary>
    public IReadOnlyList<IPAddress> Addresses { get; init; } = [];

    /// <summary>What lets us in; null for nothing.</summary>
    public Credential? Credential { get; init; }

    /// <summary>True if the server sent us elsewhere.</summary>
    public bool IsRedirected { get; init; }

    public RepositoryAddress Address => RepositoryUrl.Parse(FetchUrl);

    /// <summary>The header that lets us in over http; null for none.</summary>
    public string? Authorization => Credential is null || !Address.IsHttp ? null : "Basic " + Convert.ToBase64String(
        Encoding.UTF8.GetBytes($"{Credential.Username ?? AnyUser}:{Credential.Value}"));

    /// <summary>Settings of git for this way. They hold secrets: not for a command line.</summary>
    public IEnumerable<(string Key, string Value)> Settings()
    {
        var address = Address;
        if (address.IsHttp && address.Literal is null && Addresses.Count > 0)
        {
            var addresses = string.Join(',', Addresses.Select(Written));
            yield return ("http.curloptResolve", $"{address.Host}:{address.RealPort}:{addresses}");
        }

        if (Authorization is { } authorization)
        {
            // A setting's name ends at a line feed alone, and an address has none.
            var repository = address.Origin + address.Path.Split('?', '#')[0];
            yield return ($"http.{repository}.extraHeader", $"Authorization: {authorization}");
        }
    }

    private static string Written(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();
}
