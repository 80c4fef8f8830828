namespace Speed.Proxy;

/// <summary>
/// A line of the access log, in the order of its members. Never what stands behind the <c>?</c> of an address, nor a
/// header: tokens and sessions are there.
/// </summary>
internal sealed record AccessLine
{
    public required DateTimeOffset Time { get; init; }

    public required string Id { get; init; }

    /// <summary>The address that asked, as far as trusted proxies say.</summary>
    public required string? Client { get; init; }

    public required string Host { get; init; }

    public required string Method { get; init; }

    /// <summary>As it was sent, without its query.</summary>
    public required string Path { get; init; }

    public required string Protocol { get; init; }

    /// <summary>Null where no service has the name.</summary>
    public required long? Deployment { get; init; }

    public required int Status { get; init; }

    /// <summary>Of the answer's body, without its framing.</summary>
    public required long Bytes { get; init; }

    public required double Ms { get; init; }

    /// <summary>Why the answer is the proxy's own, or not all of the service's. Null: it is the service's own.</summary>
    public required string? Fault { get; init; }
}
