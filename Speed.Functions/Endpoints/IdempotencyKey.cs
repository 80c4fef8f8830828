using Microsoft.AspNetCore.Http;

namespace Speed.Endpoints;

/// <summary>The header under which a repeated request is answered as the first one was.</summary>
internal static class IdempotencyKey
{
    private const string Header = "Idempotency-Key";
    private const int MaxLength = 255;

    public static Refusal Reused { get; } = new(
        422,
        "IDEMPOTENCY_KEY_REUSED",
        $"This {Header} came with another body before: send a new key for a new deployment.");

    /// <summary>Null if none was sent; one that cannot be used is refused.</summary>
    public static string? Read(HttpRequest request, Fields errors)
    {
        var values = request.Headers[Header];
        if (values.Count == 0)
        {
            return null;
        }

        if (values is [{ Length: > 0 and <= MaxLength } key] && key.All(c => c is >= ' ' and <= '~'))
        {
            // Its caller's own: two of them may have thought of the same.
            return $"{request.Caller().Id} {key}";
        }

        errors.RefuseWith(Header, $"{Header} must be one header of 1 to {MaxLength} printable ASCII characters.");
        return null;
    }

    public static T Replay<T>(HttpRequest request, T answer)
    {
        request.HttpContext.Response.Headers["Idempotency-Replayed"] = "true";
        return answer;
    }
}
