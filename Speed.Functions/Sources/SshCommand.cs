namespace Speed.Sources;

/// <summary>
/// The ssh that git runs. Git hands it to a shell, and puts host and path behind it as arguments, which that shell
/// does not read; what stands in it is ours, but for an address and a host name, which the rules for addresses have
/// passed. Files are named from the repository's folder, so that no path needs quotes.
/// </summary>
internal static class SshCommand
{
    /// <summary>Where the keys of servers are copied to, beside the repository's folder.</summary>
    public const string KnownHosts = "known_hosts";

    /// <summary>What follows the name of a repository's folder in that of the file of its private key.</summary>
    public const string KeySuffix = ".key";

    /// <param name="folder">The name of the repository's folder, one of ours.</param>
    public static string For(GitRoute route, string folder)
    {
        var address = route.Address;

        // As in known_hosts, where only the usual port is left out.
        var alias = address.RealPort == 22 ? address.Host : $"[{address.Host}]:{address.RealPort}";
        string[] options =
        [
            $"HostName={route.Addresses[0]}", $"HostKeyAlias={alias}", "StrictHostKeyChecking=yes",
            $"UserKnownHostsFile=../{KnownHosts}", "GlobalKnownHostsFile=/dev/null", "UpdateHostKeys=no",
            "IdentitiesOnly=yes", "IdentityAgent=none",
            $"IdentityFile={(route.Credential is null ? "none" : $"../{folder}{KeySuffix}")}",
            "PreferredAuthentications=publickey", "ProxyCommand=none", "BatchMode=yes", "ConnectTimeout=30",
            "ServerAliveInterval=15", "ServerAliveCountMax=4",
        ];
        return "ssh -F none " + string.Join(' ', options.Select(option => $"-o '{option}'"));
    }
}
