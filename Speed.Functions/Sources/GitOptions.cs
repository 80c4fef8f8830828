using System.Net;

namespace Speed.Sources;

/// <summary>How Git may be used, and how much it may bring.</summary>
public sealed class GitOptions
{
    /// <summary>Of <c>https</c>, <c>http</c>, <c>ssh</c> and <c>file</c>. <c>https</c> alone unless set.</summary>
    public IReadOnlyList<string> AllowedSchemes { get; set; } = ["https"];

    /// <summary>
    /// <c>host</c> or <c>host:port</c> of those that may have an address that is not public. None unless set.
    /// </summary>
    public IReadOnlyList<string> AllowedHosts { get; set; } = [];

    /// <summary>True: no host but those of <see cref="AllowedHosts"/> is asked for anything.</summary>
    public bool OnlyAllowedHosts { get; set; }

    /// <summary>Finds all addresses of a host by its name. The system's resolver unless set.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; set; } = Dns.GetHostAddressesAsync;

    /// <summary>
    /// Keys of ssh servers, as OpenSSH keeps them. Without the file no server is known, and so none is trusted.
    /// </summary>
    public string KnownHostsFile { get; set; } = "known_hosts";

    /// <summary>The proxy's URL; null for none.</summary>
    public string? Proxy { get; set; }

    /// <summary>A PEM file of the authorities to trust for https; null: the system's.</summary>
    public string? CaFile { get; set; }

    /// <summary>Where a fetch makes its folder. SPEED's own: nothing else may live in it.</summary>
    public string WorkFolder { get; set; } = Path.Combine(Path.GetTempPath(), $"speed-git-{Environment.ProcessId}");

    /// <summary>The most files of a tree. 200,000 unless set.</summary>
    public int TreeMaxFiles { get; set; } = 200_000;

    /// <summary>The most bytes of a tree's files together. 2 GiB unless set.</summary>
    public long TreeMaxBytes { get; set; } = 2L << 30;

    /// <summary>The most folders within each other. 100 unless set.</summary>
    public int TreeMaxDepth { get; set; } = 100;

    /// <summary>The most bytes of the names of a tree's files together, folders included. 64 MiB unless set.</summary>
    public long TreeMaxNameBytes { get; set; } = 64L << 20;

    /// <summary>The most branches and tags of a repository. A million unless set.</summary>
    public int MaxRefs { get; set; } = 1_000_000;

    /// <summary>
    /// The most address space in MiB that git may take, and each program that it starts. 128 to 1,048,576; 2,048 unless set.
    /// </summary>
    public int MemoryMb { get; set; } = 2_048;

    /// <summary>
    /// The program that holds git to that, <c>prlimit</c>; null where there is none: then nothing does. The PATH's unless set.
    /// </summary>
    public string? LimitProgram { get; set; } = GitMemory.FindProgram("prlimit");

    /// <summary>The most bytes that a fetch may bring. 4 GiB unless set.</summary>
    public long FetchMaxBytes { get; set; } = 4L << 30;
}
