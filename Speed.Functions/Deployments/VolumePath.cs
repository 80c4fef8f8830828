namespace Speed.Deployments;

/// <summary>Where in a container a volume is. The engine knows each folder by one spelling, and so does whatever compares.</summary>
public static class VolumePath
{
    private const int MaxLength = 1_024;

    /// <summary>
    /// The one spelling of an absolute path: no slashes beyond need, no <c>.</c>. Null where no volume can be: not
    /// absolute, with <c>..</c>, or one of the system's own folders.
    /// </summary>
    public static string? Normalize(string path)
    {
        if (path.Length > MaxLength || !path.StartsWith('/') || path.AsSpan().ContainsAny(':', '\\'))
        {
            return null;
        }

        string[] parts = [.. path.Split('/').Where(part => part is not ("" or "."))];
        return parts.Length == 0 || parts.Contains("..") || IsOfTheSystem(parts) ? null : "/" + string.Join('/', parts);
    }

    private static bool IsOfTheSystem(string[] parts) => parts switch
    {
        ["proc" or "sys" or "dev", ..] => true,
        ["run", "speed", ..] => true,
        _ => false,
    };
}
