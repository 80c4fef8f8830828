using System.Text.Json;
using Speed.Deployments;
using Speed.Hooks;

namespace Speed.Endpoints;

/// <summary>
/// Lists hooks that ask for a port of the host which may not be asked for today: those that keep it, and those that start
/// nothing.
/// </summary>
internal sealed class HookPortCheckup(IHookStore store, OptionsReader options, FixedPorts ports) : ICheckup
{
    public async Task<IReadOnlyList<Finding>> CheckAsync(CancellationToken cancellationToken)
    {
        List<Finding> findings = [];
        try
        {
            foreach (var hook in await store.ListHooksAsync(cancellationToken))
            {
                if (await FindAsync(hook, cancellationToken) is { } finding)
                {
                    findings.Add(finding);
                }
            }
        }
        catch (StoreUnavailableException fault)
        {
            findings.Add(new Finding("hooks", fault.Message, "See who else holds the file, and end that one."));
        }

        return findings;
    }

    private async Task<Finding?> FindAsync(Hook hook, CancellationToken cancellationToken)
    {
        var asked = options.ReadFor(hook.Url, new Fields(JsonElement.Parse(hook.Options), "", []));
        if (await ports.FindFaultsAsync(asked, inAnyBranch: true, cancellationToken) is [var fault, ..])
        {
            return new Finding(
                "hooks",
                $"Hook `{hook.Name}` starts nothing: its port {fault.Detail}",
                "Allow the port (Speed__Services__HostPorts), or send the hook again without it: PUT "
                + $"/v1/hooks/{hook.Name}.");
        }

        var kept = string.Join(", ", ports.Kept(asked));
        return kept.Length > 0
            ? new Finding("hooks", $"Hook `{hook.Name}` asks for a port that its services keep from before: {kept}")
            : null;
    }
}
