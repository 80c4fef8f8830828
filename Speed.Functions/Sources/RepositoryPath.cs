namespace Speed.Sources;

/// <summary>A path inside a repository, with <c>/</c>.</summary>
internal static class RepositoryPath
{
    /// <summary>
    /// Without <c>.</c>, <c>..</c>, doubled and outer slashes; empty for the top. Null if it leads out of it or
    /// has a control character.
    /// </summary>
    public static string? Normalize(string path)
    {
        if (path.Any(char.IsControl))
        {
            return null;
        }

        var parts = new List<string>();
        foreach (var part in path.Split('/').Where(part => part is not ("" or ".")))
        {
            if (part != "..")
            {
                parts.Add(part);
            }
            else if (parts.Count > 0)
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else
            {
                return null;
            }
        }

        return string.Join('/', parts);
    }
}
