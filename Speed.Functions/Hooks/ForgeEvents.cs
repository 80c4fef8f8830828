using Speed.Deployments;
namespace Speed.Hooks;

/// <summary>Reads what forges send.</summary>
public static class ForgeEvents
{
    /// <summary>What a payload tells of, one or more; null if it is no JSON object.</summary>
    /// <param name="name">As the forge calls what happened.</param>
    public static IReadOnlyList<ForgeEvent>? Read(Forge forge, string name, ReadOnlyMemory<byte> body) =>
        Payload.Parse(body) is not { } payload ? null : forge switch
        {
            Forge.Gitlab => [GitlabEvents.Read(name, payload)],
            Forge.Bitbucket => BitbucketEvents.Read(name, payload),
            _ => [GithubEvents.Read(name, payload)],
        };
}
