using System.Net;

namespace Speed.Proxy;

/// <summary>One request at the proxy and what becomes of it, for its log and its numbers.</summary>
internal sealed class ProxiedRequest(string id)
{
    /// <summary>What its answer and the log call it.</summary>
    public string Id => id;

    /// <summary>Null where it cannot be passed on.</summary>
    public RequestLine? Line { get; set; }

    /// <summary>Of the service that is asked; null where there is none.</summary>
    public Route? Route { get; set; }

    /// <summary>Whether the service has answered: what it said is not replaced by anything of ours.</summary>
    public bool IsAnswered { get; set; }

    /// <summary>One of <see cref="ProxyFault"/>; null while all is well.</summary>
    public string? Fault { get; set; }

    /// <summary>Who asked, as far as trusted proxies say.</summary>
    public IPAddress? Client { get; set; }

    /// <summary>The body of the service's answer; null where there is none yet, or the service speaks HTTP/2.</summary>
    public AnswerBody? Answer { get; set; }

    /// <summary>Where it has become something else than HTTP.</summary>
    public UpgradedStream? Upgraded { get; set; }

    /// <summary>How much of the answer's body was handed to the client.</summary>
    public long Bytes { get; set; }
}
