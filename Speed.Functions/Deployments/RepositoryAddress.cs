using System.Net;

namespace Speed.Deployments;

/// <summary>The parts of a repository's address.</summary>
/// <param name="Scheme"><c>ssh</c> for the short form too.</param>
/// <param name="Host">
/// In its one spelling: lower case, without brackets or a last dot, an IP address as it is usually written, whatever
/// it was written as (<c>127.1</c>, <c>0x7f000001</c>). Empty for <c>file</c>.
/// </param>
/// <param name="Port">Null where none was given.</param>
/// <param name="Path">From the slash on, with the query; after the colon in the short form.</param>
public sealed record RepositoryAddress(string Scheme, string Host, int? Port, string Path)
{
    /// <summary>Who logs in by ssh; null where nobody was named.</summary>
    public string? User { get; init; }

    /// <summary>True for <c>user@host:path</c>.</summary>
    public bool IsShort { get; init; }

    public bool IsHttp => Scheme is "http" or "https";

    /// <summary>The port that is connected to; 0 for <c>file</c>.</summary>
    public int RealPort => Port ?? Scheme switch { "https" => 443, "http" => 80, "ssh" => 22, "git" => 9418, _ => 0 };

    /// <summary>The host as the address that it is; null if it is a name.</summary>
    public IPAddress? Literal => IPAddress.TryParse(Host, out var address) ? address : null;

    /// <summary>Of <c>http</c> and <c>https</c>: scheme, host in its one spelling, and port.</summary>
    public string Origin => $"{Scheme}://{BracketedHost}{(Port is null ? "" : $":{Port}")}";

    /// <summary>Host and port; without the port that the scheme has anyhow.</summary>
    public string Authority => BracketedHost + (Port is null || RealPort == UsualPort ? "" : $":{Port}");

    /// <summary>Host and port in any case, as a list of hosts may name them.</summary>
    public string HostAndPort => $"{BracketedHost}:{RealPort}";

    private int UsualPort => (this with { Port = null }).RealPort;

    private string BracketedHost => Host.Contains(':') ? $"[{Host}]" : Host;

    /// <summary>A host as it was written, in its one spelling.</summary>
    public static string Normalize(string host)
    {
        var bare = host.Trim('[', ']').TrimEnd('.').ToLowerInvariant();
        return IPAddress.TryParse(bare, out var address) ? address.ToString() : bare;
    }
}
