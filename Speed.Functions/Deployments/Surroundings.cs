namespace Speed.Deployments;

/// <summary>What this process runs in.</summary>
internal static class Surroundings
{
    /// <summary>True in a container of Docker or Podman: each puts a file there.</summary>
    public static bool AreContainer { get; } = File.Exists("/.dockerenv") || File.Exists("/run/.containerenv");
}
