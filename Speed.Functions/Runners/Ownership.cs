using System.Globalization;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>
/// What belongs to this instance of SPEED. A container inherits its image's labels, so labels alone prove
/// nothing: it is ours if labels and name agree.
/// </summary>
internal sealed record Ownership(string Instance)
{
    public const string InstanceLabel = "speed.instance";
    public const string DeploymentLabel = "speed.deployment";
    public const string AttemptLabel = "speed.attempt";

    public string Network => $"speed-{Instance}";

    public string ImageTag(string key) => $"speed-{Instance}:{key}";

    /// <summary>Of an image that hands files to a build. No image of a build has such a name.</summary>
    public string AddedTag(string key) => $"speed-{Instance}-added:{key}";

    /// <summary>Of an image for another platform than the engine's. No image of a build has such a name.</summary>
    public string PlatformTag(string key) => $"speed-{Instance}-platform:{key}";

    public string ContainerName(long deploymentId, int attempt) => string.Create(
        CultureInfo.InvariantCulture, $"speed-{Instance}-{deploymentId}-{attempt}");

    /// <summary>Of a container that a volume is opened through: what its label <c>speed.helper</c> says is in it.</summary>
    public string HelperName(IDictionary<string, string> labels) => $"speed-{Instance}-volume-{labels["speed.helper"]}";

    public Dictionary<string, string> ContainerLabels(Deployment deployment) => new()
    {
        [InstanceLabel] = Instance,
        [DeploymentLabel] = deployment.Id.ToString(CultureInfo.InvariantCulture),
        [AttemptLabel] = deployment.Attempt.ToString(CultureInfo.InvariantCulture),
    };

    /// <param name="name">With or without the slash that the engine puts before it.</param>
    public bool OwnsContainer(string name, IDictionary<string, string>? labels) =>
        labels is not null
        && labels.TryGetValue(InstanceLabel, out var instance) && instance == Instance
        && labels.TryGetValue(DeploymentLabel, out var deployment)
        && long.TryParse(deployment, NumberStyles.None, CultureInfo.InvariantCulture, out _)
        && labels.TryGetValue(AttemptLabel, out var attempt)
        && int.TryParse(attempt, NumberStyles.None, CultureInfo.InvariantCulture, out _)
        && name.TrimStart('/') == $"speed-{Instance}-{deployment}-{attempt}";
}
