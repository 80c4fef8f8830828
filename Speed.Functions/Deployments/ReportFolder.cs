using System.Text;

namespace Speed.Deployments;

/// <summary>
/// The folder with the socket on which programs report. Containers see the folder, not the socket itself: a mounted
/// file would be dead once SPEED has bound a new one.
/// </summary>
public sealed class ReportFolder(DataFolder data, IDeploymentStore store)
{
    /// <summary>Where a container finds it.</summary>
    public const string InContainer = "/run/speed";

    private const string SocketName = "api.sock";

    // sun_path of a Unix socket has 108 bytes, the last of them zero.
    private const int MostPathBytes = 107;

    /// <summary>In the data directory, or where that has too long a path, in the folder for temporary files.</summary>
    public string FullPath
    {
        get
        {
            var own = Path.Combine(data.FullPath, "report");
            return Encoding.UTF8.GetByteCount(Path.Combine(own, SocketName)) <= MostPathBytes
                ? own
                : Path.Combine(Path.GetTempPath(), $"speed-{store.Instance}");
        }
    }

    public string Socket => Path.Combine(FullPath, SocketName);
}
