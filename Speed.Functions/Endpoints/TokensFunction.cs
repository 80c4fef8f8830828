using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Security;

namespace Speed.Endpoints;

public sealed partial class TokensFunction(Access access, IAccessStore store, TimeProvider time)
{
    private const int MaxNameLength = 100;
    private const int MaxRepoLength = 512;
    private const int MaxHosts = 100;
    private const int MaxHostLength = 253;
    private const int MostSeconds = 315_360_000;

    private static readonly Refusal NoToken = new(404, "NOT_FOUND", "Token not found");

    [Function("Tokens")]
    [Needs(Scope.Admin)]
    public async Task<Ok<TokenList>> ListAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/tokens")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var tokens = await store.ListTokensAsync(cancellationToken);
        return TypedResults.Ok(new TokenList([.. tokens.Select(token => TokenView.Of(token, value: null, now))]));
    }

    [Function("AddToken")]
    [Needs(Scope.Admin)]
    public async Task<Results<Created<TokenView>, Refusal>> AddAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/tokens")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var body = await Body.ReadAsync(request, cancellationToken);
        var fields = body.Fields;
        fields.AllowOnly("name", "scopes", "repos", "hosts", "expires_in_s");
        var name = fields.RequireText("name", "name is missing: say what the token is for.");
        if (name.Length > MaxNameLength)
        {
            fields.Refuse("name", $"is too long: at most {MaxNameLength} characters are allowed.");
        }

        var scopes = ReadScopes(fields);
        var repos = ReadRepos(fields, scopes);
        var hosts = ReadHosts(fields, repos);
        var lasts = fields.Has("expires_in_s") ? fields.Whole("expires_in_s", 1, 1, MostSeconds) : (int?)null;
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        var (token, value) = await access.AddTokenAsync(
            name, scopes, repos, hosts, lasts is { } seconds ? TimeSpan.FromSeconds(seconds) : null, cancellationToken);
        return TypedResults.Created($"/v1/tokens/{token.Id}", TokenView.Of(token, value, time.GetUtcNow()));
    }

    [Function("DeleteToken")]
    [Needs(Scope.Admin)]
    public async Task<Results<NoContent, Refusal>> DeleteAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "v1/tokens/{id}")] HttpRequest request,
        string id,
        CancellationToken cancellationToken) =>
        await store.DeleteTokenAsync(id, cancellationToken) ? TypedResults.NoContent() : NoToken;

    private static Scope[] ReadScopes(Fields fields)
    {
        var words = fields.List("scopes", maxCount: 10, maxLength: 20);
        var all = Enum.GetValues<Scope>().ToDictionary(scope => scope.ToString().ToLowerInvariant());
        if (words.Count == 0 || !words.All(all.ContainsKey))
        {
            fields.Refuse("scopes", $"must be one or more of {string.Join(", ", all.Keys)}.");
            return [];
        }

        return [.. words.Select(word => all[word]).Distinct().Order()];
    }

    // Whoever may deploy some repositories only gets no name of others by itself: a service has its own names in any case.
    private static string[] ReadHosts(Fields fields, IReadOnlyList<string> repos)
    {
        if (!fields.Has("hosts"))
        {
            return repos.Count > 0 ? [] : ["*"];
        }

        string[] hosts = [.. fields.List("hosts", MaxHosts, MaxHostLength).Select(host => host.ToLowerInvariant()).Distinct()];
        if (!hosts.All(HostPattern().IsMatch))
        {
            fields.Refuse("hosts", "must be patterns of host names, such as *.example.org, in which * stands for any characters.");
        }

        if (hosts.Any(host => host.Contains("**", StringComparison.Ordinal)))
        {
            fields.Refuse("hosts", "must not have `**` in a pattern: write `*`, which stands for any characters, dots too.");
        }

        return hosts;
    }

    [GeneratedRegex(@"^[a-z0-9*.-]+\z")]
    private static partial Regex HostPattern();

    private static IReadOnlyList<string> ReadRepos(Fields fields, Scope[] scopes)
    {
        var repos = PatternReader.Read(fields, "repos", MaxRepoLength);
        if (repos.Count > 0 && scopes.Any(scope => scope is Scope.Admin or Scope.Secrets))
        {
            fields.Refuse("repos", "cannot go with the scopes admin and secrets, which are not a repository's.");
        }

        return repos;
    }
}

public sealed record TokenList(IReadOnlyList<TokenView> Items);

/// <summary>A token without its value, but where it was made just now.</summary>
/// <param name="Hosts">Patterns of the hosts that it may ask for; empty for none.</param>
/// <param name="Token">The value, told this once.</param>
public sealed record TokenView(
    string Id,
    string Name,
    IReadOnlyList<Scope> Scopes,
    IReadOnlyList<string> Repos,
    IReadOnlyList<string> Hosts,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    bool Expired,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Token)
{
    internal static TokenView Of(AccessToken token, string? value, DateTimeOffset now) => new(
        token.Id, token.Name, token.Scopes, token.Repos, token.Hosts ?? ["*"], token.CreatedAt, token.ExpiresAt,
        token.IsExpiredAt(now), value);
}
