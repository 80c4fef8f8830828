namespace Speed.Deployments;

/// <summary>The folder on this machine in which SPEED keeps its data, by its full path.</summary>
public sealed record DataFolder(string FullPath);
