using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Speed.Endpoints;

/// <summary>
/// The JSON object in a request's body. Reading a field that is missing or of another type gives a neutral value and
/// adds to <see cref="Refusal"/>: so read all fields, then look there, and only then use what was read.
/// </summary>
internal sealed class Body
{
    private const int MaxBytes = 1024 * 1024;

    private static readonly JsonElement Nothing = JsonElement.Parse("{}");

    private readonly List<FieldError> _errors = [];
    private readonly Refusal? _unreadable;

    private Body(JsonElement json, Refusal? unreadable = null)
    {
        Fields = new Fields(json, "", _errors);
        _unreadable = unreadable;
    }

    private Body(Refusal unreadable) : this(Nothing, unreadable)
    {
    }

    public Fields Fields { get; }

    /// <summary>Null while nothing is wrong with the body.</summary>
    public Refusal? Refusal => _unreadable ?? (_errors.Count > 0 ? Refusal.BadFields(_errors) : null);

    public static async Task<Body> ReadAsync(HttpRequest request, CancellationToken cancellationToken) =>
        IsJson(request.ContentType) ? Judge(await ReadBytesAsync(request, cancellationToken)) : NotJson();

    /// <summary>As <see cref="ReadAsync"/>, but no body at all is as good as an empty object.</summary>
    public static async Task<Body> ReadOptionalAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var bytes = await ReadBytesAsync(request, cancellationToken);
        if (bytes is { IsEmpty: true })
        {
            return new Body(Nothing);
        }

        return IsJson(request.ContentType) ? Judge(bytes) : NotJson();
    }

    private static Body NotJson() => new(new Refusal(
        415, "UNSUPPORTED_MEDIA_TYPE", "The body must be JSON: send Content-Type: application/json"));

    internal static Refusal TooLarge(string detail) => new(413, "BODY_TOO_LARGE", detail);

    private static Body Judge(ReadOnlyMemory<byte>? bytes) => bytes is { } read
        ? Parse(read)
        : new Body(TooLarge("The body is over 1 MiB: send less."));

    private static bool IsJson(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
        && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
        && (!type.Charset.HasValue
            || HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase));

    /// <summary>Null for more than is allowed.</summary>
    // Counted as it comes: a chunked body announces no length.
    private static async Task<ReadOnlyMemory<byte>?> ReadBytesAsync(
        HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength > MaxBytes)
        {
            return null;
        }

        var bytes = new ArrayBufferWriter<byte>();
        while (bytes.WrittenCount <= MaxBytes)
        {
            var count = await request.Body.ReadAsync(bytes.GetMemory(4096), cancellationToken);
            if (count == 0)
            {
                return bytes.WrittenMemory;
            }

            bytes.Advance(count);
        }

        return null;
    }

    private static Body Parse(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return Invalid("The body is empty: send a JSON object.");
        }

        if (!Utf8.IsValid(bytes.Span))
        {
            return Invalid("The body is not valid UTF-8: send JSON in UTF-8.");
        }

        try
        {
            // Read through before anything is built of it: deep nesting takes many times its length.
            if (JsonRules.IsFarTooDeep(bytes.Span))
            {
                return Invalid("The body is nested too deeply: 16 levels are allowed.");
            }

            // Deeper than allowed here, so that JsonRules can name the one that is too deep.
            var json = JsonElement.Parse(bytes.Span, new JsonDocumentOptions { MaxDepth = JsonRules.MaxDepthToName });
            if (json.ValueKind != JsonValueKind.Object)
            {
                return Invalid("The body is not a JSON object: send one, in braces.");
            }

            return JsonRules.FindFault(json) is { } fault ? new Body(Refusal.BadFields([fault])) : new Body(json);
        }
        catch (JsonException fault)
        {
            var (line, position) = (fault.LineNumber + 1, fault.BytePositionInLine + 1);
            return Invalid($"The body is not valid JSON: look at line {line}, byte {position}.");
        }
    }

    private static Body Invalid(string sentence) => new(Refusal.BadRequest("INVALID_BODY", sentence));
}
