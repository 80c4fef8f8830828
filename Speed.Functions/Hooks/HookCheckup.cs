using System.Text.Json;
using Speed.Deployments;

namespace Speed.Hooks;

/// <summary>
/// Looks for hooks of before: for those whose address or patterns are refused today, so that pushes start nothing, and for those
/// that fetch submodules of whatever repository with the secret for it.
/// </summary>
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
                .. from hook in hooks
                   from fault in PatternFaults(hook)
                   select new Finding(
                       "hooks",
                       $"Hook `{hook.Name}` has patterns that are refused today, and that mean what they say to the letter: {fault}",
                       $"Send the hook again with them corrected: PUT /v1/hooks/{hook.Name}."),
                .. from hook in hooks
                   where hook.Repos is null && AsksForSubmodules(hook)
                   select new Finding(
                       "hooks",
                       $"Whoever may push to the repository of hook `{hook.Name}` gets submodules of every repository that a secret "
                       + "is for, for the hook was made before `repos`.",
                       $"Send the hook again, with the `repos` that it is to have: PUT /v1/hooks/{hook.Name}."),
            ];
        }
        catch (StoreUnavailableException fault)
        {
            return [new Finding("hooks", fault.Message, "See who else holds the file, and end that one.")];
        }
    }

    private static IEnumerable<string> PatternFaults(Hook hook) =>
        from field in new[]
        {
            (Name: "branches", HookPattern.OfBranches.Read(hook.Branches).Fault),
            (Name: "paths", HookPattern.OfPaths.Read(hook.Paths).Fault),
        }
        where field.Fault is not null
        select $"{field.Name} {field.Fault}";

    private static bool AsksForSubmodules(Hook hook)
    {
        using var options = JsonDocument.Parse(hook.Options);
        return options.RootElement.TryGetProperty("submodules", out var asked) && asked.ValueKind == JsonValueKind.True;
    }
}
