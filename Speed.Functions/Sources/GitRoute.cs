using System.Net;
using System.Net.Sockets;
using System.Text;
using Speed.Deployments;

namespace Speed.Sources;

/// <summary>Why a repository is fetched without a secret.</summary>
internal enum Withheld
{
    /// <summary>There is none for it, or it is fetched with one.</summary>
    Nothing,
    /// <summary>It was redirected to another server.</summary>
    OtherServer,
    /// <summary>It was redirected to a repository that the secret for the first is not for.</summary>
    OtherRepository,
    /// <summary>It is a submodule that whoever deployed this might not deploy.</summary>
    NotReached,
}

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

    /// <summary>Those that are for every repository on the way, the closest match first.</summary>
    public IReadOnlyList<Credential> Fitting { get; init; } = [];

    /// <summary>What lets us in; null for nothing.</summary>
    public Credential? Credential => Fitting.Count == 0 ? null : Fitting[0];

    /// <summary>Why there is none, where there could be one.</summary>
    public Withheld Withheld { get; init; }

    /// <summary>True if the server sent us elsewhere.</summary>
    public bool IsRedirected { get; init; }

    public RepositoryAddress Address => RepositoryUrl.Parse(FetchUrl);

    /// <summary>The header that lets us in over http; null for none.</summary>
    public string? Authorization => Credential is null || !Address.IsHttp ? null : "Basic " + Convert.ToBase64String(
        Encoding.UTF8.GetBytes($"{Credential.Username ?? AnyUser}:{Credential.Value}"));

    /// <summary>The same way without a secret; for a reason where there was one.</summary>
    public GitRoute Without(Withheld why) => Fitting.Count == 0 ? this : this with { Fitting = [], Withheld = why };

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
