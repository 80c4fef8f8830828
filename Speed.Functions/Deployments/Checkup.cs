namespace Speed.Deployments;

/// <summary>One thing that SPEED stands on, looked at.</summary>
/// <param name="Name">Lower-case words: <c>docker</c>, <c>docker limits</c>.</param>
/// <param name="Detail">What was seen: a version, a folder, a number; or what is wrong.</param>
/// <param name="Fix">The way out; null where nothing is wrong.</param>
public sealed record Finding(string Name, string Detail, string? Fix = null)
{
    public bool IsOk => Fix is null;
}

/// <summary>A part that can tell how what it stands on is. Does not throw for what it finds.</summary>
public interface ICheckup
{
    Task<IReadOnlyList<Finding>> CheckAsync(CancellationToken cancellationToken);
}
