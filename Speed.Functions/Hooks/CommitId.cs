namespace Speed.Hooks;

internal static class CommitId
{
    /// <summary>False for zeros, with which forges say that there is none.</summary>
    public static bool IsCommit(string? id) =>
        id is { Length: 40 or 64 } && id.All(char.IsAsciiHexDigit) && id.Any(digit => digit != '0');
}
