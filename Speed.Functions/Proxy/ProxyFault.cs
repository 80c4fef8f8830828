namespace Speed.Proxy;

/// <summary>Why the proxy has no answer of a service, or not all of one: the words of RFC 9209, 2.3, and two of its own.</summary>
internal static class ProxyFault
{
    /// <summary>The service is not up: it waits to be started again, or is being replaced.</summary>
    public const string DestinationUnavailable = "destination_unavailable";

    public const string DestinationNotFound = "destination_not_found";
    public const string ConnectionRefused = "connection_refused";
    public const string ConnectionTimeout = "connection_timeout";

    /// <summary>The service closed the connection before it answered.</summary>
    public const string ConnectionTerminated = "connection_terminated";

    /// <summary>Nothing moved for an hour.</summary>
    public const string ResponseTimeout = "http_response_timeout";

    /// <summary>The answer was begun, and cut.</summary>
    public const string ResponseIncomplete = "http_response_incomplete";

    /// <summary>What the service sent is no answer of HTTP.</summary>
    public const string ProtocolError = "http_protocol_error";

    public const string RequestError = "http_request_error";
    public const string RequestDenied = "http_request_denied";
    public const string InternalError = "proxy_internal_error";

    /// <summary>Nothing came of the request's body for a minute.</summary>
    public const string RequestTimeout = "http_request_timeout";

    /// <summary>The client has gone.</summary>
    public const string ClientGone = "client_gone";
}

/// <summary>A service gave no answer, or none that is one.</summary>
/// <param name="fault">One of <see cref="ProxyFault"/>.</param>
internal sealed class NoAnswerException(string fault, Exception? cause = null)
    : HttpRequestException($"The service gave no answer: {fault}.", cause)
{
    public string Fault => fault;

    /// <summary>True where nothing of the request was sent.</summary>
    public bool IsUnsent { get; init; }

    /// <summary>True where not one byte of an answer came.</summary>
    public bool IsSilent { get; init; }
}
