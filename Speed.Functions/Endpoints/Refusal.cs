using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Speed.Endpoints;

/// <summary>
/// Why a request was not done. Under <c>/v1</c> it is written as problem details (RFC 9457), elsewhere as
/// <c>{"error": "…"}</c>.
/// </summary>
/// <param name="Code">Upper-case words; part of the contract.</param>
/// <param name="Detail">One sentence: what happened, to what, and the way out.</param>
public sealed record Refusal(int Status, string Code, string Detail) : IResult
{
    /// <summary>What is wrong with which field; empty where no field is at fault.</summary>
    public IReadOnlyList<FieldError> Errors { get; init; } = [];

    /// <summary>Null unless the same request may succeed later.</summary>
    public int? RetryAfterSeconds { get; init; }

    public static Refusal NotFound { get; } = new(404, "NOT_FOUND", "Not found");

    public static Refusal NoDeployment { get; } = new(404, "NOT_FOUND", Error.NoDeployment.Sentence);

    public static Refusal NotPlanned { get; } =
        new(404, "NOT_FOUND", "What it is built from is not known: no attempt of it has judged its Dockerfile.");

    /// <param name="detail">What the guard of the disk said; null if there was room again when it was asked.</param>
    public static Refusal DiskLow(string? detail) => new(503, "DISK_LOW", detail ?? "The disk had no room: try again.")
    {
        RetryAfterSeconds = 60,
    };

    /// <param name="text">What would have to be masked, in front of "was not stored".</param>
    /// <param name="wayOut">What to do instead, as a clause; null if there is nothing.</param>
    public static Refusal CannotMask(string text, string? wayOut = null) => new(
        503,
        "CANNOT_MASK",
        $"{text} was not stored: what this deployment was given is sealed with another key than the one in secrets.key, so the "
        + "text cannot be masked. Have the operator put the old key back and start SPEED again"
        + (wayOut is null ? "." : $", or {wayOut}."))
    {
        RetryAfterSeconds = 60,
    };

    /// <param name="methods">Those that are, with commas between them.</param>
    public static Refusal MethodNotAllowed(string methods) =>
        new(405, "METHOD_NOT_ALLOWED", $"Method not allowed: use {methods}.");

    public static Refusal BadRequest(string code, string detail) => new(400, code, detail);

    /// <summary>The first one speaks for all where there is room for one sentence only.</summary>
    public static Refusal BadFields(IReadOnlyList<FieldError> errors) =>
        new(400, "INVALID_FIELDS", errors[0].Detail) { Errors = errors };

    public Task ExecuteAsync(HttpContext httpContext)
    {
        if (RetryAfterSeconds is { } seconds)
        {
            httpContext.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        // As routes are found: in any case.
        var isResource = httpContext.Request.Path.Value?.Contains("/v1/", StringComparison.OrdinalIgnoreCase) == true;
        return isResource
            ? WriteAsync(httpContext, Problem.Of(this), "application/problem+json")
            : WriteAsync(httpContext, new Error(Detail), "application/json; charset=utf-8");
    }

    private Task WriteAsync<T>(HttpContext context, T body, string contentType)
    {
        context.Response.StatusCode = Status;
        return context.Response.WriteAsJsonAsync(body, Wire.Json, contentType, context.RequestAborted);
    }

    private sealed record Problem(
        string Title,
        int Status,
        string Detail,
        string Code,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<FieldError>? Errors)
    {
        public static Problem Of(Refusal refusal) => new(
            ReasonPhrases.GetReasonPhrase(refusal.Status),
            refusal.Status,
            refusal.Detail,
            refusal.Code,
            refusal.Errors.Count > 0 ? refusal.Errors : null);
    }
}

/// <summary>What is wrong with one field of a body.</summary>
/// <param name="At">Where, as a JSON pointer (RFC 6901), for example <c>/timeouts/run_s</c>.</param>
/// <param name="Detail">One sentence that names the field and the way out.</param>
public sealed record FieldError([property: JsonPropertyName("pointer")] string At, string Detail);
