using System.Globalization;
using Docker.DotNet;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>
/// Looks in a container at its table of sockets, for a program that listens where nobody reaches it. Tells only what it
/// saw: nothing where the image has no <c>cat</c> to read the table with.
/// </summary>
internal sealed class ListenerCheck(DockerConnection docker, string containerId)
{
    private const int TableBytes = 64 * 1024;
    private const string Listening = "0A";

    private static readonly string[] Command = ["cat", "/proc/net/tcp", "/proc/net/tcp6"];
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>Null where nothing amiss is seen.</summary>
    /// <param name="ports">Those that the service is to be reached at.</param>
    public async Task<ProgramFault?> FindAsync(IReadOnlyCollection<int> ports, CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(Limit);
        try
        {
            // Without IPv6 the second table is not there, and cat says so by its exit.
            var (_, table) = await ContainerExec.RunAsync(docker, containerId, Command, TableBytes, limited.Token);
            return Judge(table, ports);
        }
        catch (DockerApiException)
        {
            // It is on its way to its end, which tells more.
            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <param name="table">As Linux has it (proc(5)): the local address is the second word of a line, its state the fourth.</param>
    internal static ProgramFault? Judge(string table, IReadOnlyCollection<int> ports)
    {
        var listeners = (
            from line in table.Split('\n')
            let words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            where words.Length > 3 && words[3] == Listening
            let local = words[1].Split(':')
            where local.Length == 2
            select (IsLoopback: IsLoopback(local[0]), Port: int.Parse(local[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture)))
            .Distinct().ToList();
        var onLoopback = ports.Where(port => listeners.Contains((true, port)) && !listeners.Contains((false, port))).ToList();
        if (onLoopback.Count > 0)
        {
            return new ProgramFault(
                $"The program listens on port {string.Join(", ", onLoopback)} of its container's own loopback address alone, where "
                + "nobody else reaches it",
                "Have it listen on 0.0.0.0.");
        }

        var elsewhere = listeners.Where(listener => !listener.IsLoopback && !ports.Contains(listener.Port)).Select(listener => listener.Port)
            .Order().ToList();
        return elsewhere.Count > 0 && !listeners.Exists(listener => ports.Contains(listener.Port))
            ? new ProgramFault(
                $"The program listens on port {string.Join(", ", elsewhere)}",
                "Name that in `ports` or EXPOSE, or have the program listen on the one that is named, which is PORT of its environment "
                + "where there is one alone.")
            : null;
    }

    // In the byte order of the host, which is the other way round on all that SPEED is built for: 127.0.0.1 is 0100007F.
    private static bool IsLoopback(string address) => address.Length switch
    {
        8 => address.EndsWith("7F", StringComparison.Ordinal),
        32 => address == "00000000000000000000000001000000"
            || (address.StartsWith("0000000000000000FFFF0000", StringComparison.Ordinal) && address.EndsWith("7F", StringComparison.Ordinal)),
        _ => false,
    };
}
