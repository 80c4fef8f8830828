using Speed.Deployments;

namespace Speed.Hooks;

/// <summary>Looks for hooks of before whose address is refused today: their pushes start nothing.</summary>
internal sealed class HookCheckup(IHookStore store) : ICheckup
{
    public async Task<IReadOnlyList<Finding>> CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            var hooks = await store.ListHooksAsync(cancellationToken);
            return
            [
                .. from hook in hooks
                   let fault = RepositoryIdentity.FindFault(hook.Url, RepositoryUrl.KnownSchemes)
                   where fault is not null
                   select new Finding(
                       "hooks",
                       $"Hook `{hook.Name}` starts nothing, for its address is one that is refused. {fault}",
                       $"Send the hook again with its address corrected: PUT /v1/hooks/{hook.Name}."),
            ];
        }
        catch (StoreUnavailableException fault)
        {
            return [new Finding("hooks", fault.Message, "See who else holds the file, and end that one.")];
        }
    }
}
