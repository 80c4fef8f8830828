using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>
/// Proves to somebody who is about to send a key that this is who has it. Whatever else listens where SPEED is looked for
/// cannot, and gets no key. Whoever has not the key learns nothing by it, not even which tokens there are.
/// </summary>
public sealed class ChallengeFunction(Access access, ChallengeLimit limit)
{
    private const int LeastNonceLength = 22;
    private const int MaxNonceLength = 128;
    private const int IdLength = 12;

    [Function("Challenge")]
    [OpenToAll]
    public async Task<Results<Ok<ProofView>, Refusal>> ChallengeAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/session/challenge")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        if (limit.Judge(request.HttpContext.Connection.RemoteIpAddress) is { } tooMany)
        {
            return tooMany;
        }

        var body = await Body.ReadAsync(request, cancellationToken);
        body.Fields.AllowOnly("nonce", "id");
        var nonce = body.Fields.RequireText(
            "nonce", "nonce is missing: give 22 to 128 random characters, anew each time.");
        if (nonce.Length is > 0 and < LeastNonceLength or > MaxNonceLength || !nonce.All(IsPlain))
        {
            body.Fields.Refuse("nonce", "must have 22 to 128 letters, digits, '-' and '_'.");
        }

        var id = body.Fields.Text("id", IdLength);
        if (id is not null && (id.Length != IdLength || !id.All(char.IsAsciiHexDigitLower)))
        {
            body.Fields.Refuse("id", "must be a token's, 12 hexadecimal digits; for the admin key leave it out.");
        }

        return body.Refusal is { } refusal
            ? refusal
            : TypedResults.Ok(new ProofView(await access.ProveAsync(id, nonce, cancellationToken)));
    }

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_';
}

/// <param name="Proof">HMAC-SHA256 as base64url. Of a key that SPEED has not it is random.</param>
public sealed record ProofView(string Proof);
