namespace Speed.Deployments;

/// <summary>The folder on this machine in which SPEED keeps its data, by its full path.</summary>
public sealed record DataFolder(string FullPath)
{
    /// <summary>
    /// Where the data are unless <c>Speed__DataDirectory</c> says otherwise: <c>speed</c> in the user's local
    /// application data. Empty for an account that has no home.
    /// </summary>
    public static string Default()
    {
        // Not verified: on a fresh account the folder does not exist yet, and the answer would be empty.
        var local = Environment.GetFolderPath(
            Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        return local.Length == 0 ? string.Empty : Path.Combine(local, "speed");
    }
}
