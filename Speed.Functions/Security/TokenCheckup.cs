using Speed.Deployments;

namespace Speed.Security;

/// <summary>
/// Lists the tokens for some repositories which may ask for any host: they were made before that was a right of its own.
/// </summary>
internal sealed class TokenCheckup(IAccessStore store, TimeProvider time) : ICheckup
{
    public async Task<IReadOnlyList<Finding>> CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            var now = time.GetUtcNow();
            var wide = (await store.ListTokensAsync(cancellationToken))
                .Where(token => token is { Repos.Count: > 0, Hosts: null } && !token.IsExpiredAt(now)).ToList();
            return wide.Count == 0
                ? []
                :
                [
                    new Finding(
                        "tokens",
                        "May ask for any host, for they were made before `hosts`; make new ones to have it otherwise: "
                        + string.Join(", ", wide.Select(token => $"{token.Name} ({token.Id})"))),
                ];
        }
        catch (StoreUnavailableException fault)
        {
            return [new Finding("tokens", fault.Message, "See who else holds the file, and end that one.")];
        }
    }
}
