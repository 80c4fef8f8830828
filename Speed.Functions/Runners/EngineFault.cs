using System.Net.Sockets;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>Why there is no engine to work with, as a sentence, and the way out as another.</summary>
internal sealed record EngineFault(string What, string WayOut)
{
    private const string Command = "`stat -Lc %g /var/run/docker.sock`";

    /// <summary>What the endpoint itself shows: a socket that is not there, or that SPEED may not open, needs something else
    /// than an engine that is down.</summary>
    /// <param name="cause">What kept an answer from coming.</param>
    public static EngineFault Of(string endpoint, Exception? cause)
    {
        var socket = endpoint.StartsWith("unix://", StringComparison.Ordinal) ? new Uri(endpoint).LocalPath : null;
        if (socket is not null && IsDenied(cause))
        {
            return Denied(endpoint, socket);
        }

        return socket is not null && Surroundings.AreContainer && !File.Exists(socket)
            ? new EngineFault(
                $"Docker does not answer at {endpoint}: there is no such socket in SPEED's container.",
                $"Mount it, `--volume /var/run/docker.sock:{socket}`, or set Speed__Docker__Endpoint.")
            : new EngineFault(
                $"Docker does not answer at {endpoint}.",
                "Start it, for example with `sudo systemctl start docker`, or set Speed__Docker__Endpoint.");
    }

    public override string ToString() => $"{What} {WayOut}";

    // By the number that SPEED sees: in a rootless engine's container that is another one than on its host.
    private static EngineFault Denied(string endpoint, string socket)
    {
        var group = OperatingSystem.IsLinux() ? $"{OwnRights.GroupOf(socket)}" : "its own";
        return new EngineFault(
            $"SPEED may not open Docker's socket, {endpoint}: group {group} may, and SPEED is not in it.",
            Surroundings.AreContainer
                ? $"Run it with `--group-add {group}`, in compose.yaml with DOCKER_GROUP={group}: {Command} finds the number."
                : $"Add its account, `sudo usermod --append --groups docker $USER`, and start SPEED from a new login; {Command} "
                    + "finds the group's number.");
    }

    private static bool IsDenied(Exception? cause) => cause switch
    {
        null => false,
        SocketException { SocketErrorCode: SocketError.AccessDenied } => true,
        _ => IsDenied(cause.InnerException),
    };
}
