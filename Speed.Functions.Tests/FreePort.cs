using System.Net;
using System.Net.Sockets;

namespace Speed.Tests;

internal static class FreePort
{
    // Below the range from which the system takes ports for whoever asks for any: one that is let go and bound again later
    // is given to nobody meanwhile.
    private const int First = 20_000;
    private const int Count = 32_768 - First;

    // Another process that tests begins elsewhere.
    private static readonly int Start = Environment.ProcessId * 31 % Count;
    private static int _tried;

    /// <summary>One on which nobody listens; never the same twice.</summary>
    public static int Find()
    {
        while (Interlocked.Increment(ref _tried) is var tried and <= Count)
        {
            var port = First + ((Start + tried) % Count);
            if (IsFree(port))
            {
                return port;
            }
        }

        throw new InvalidOperationException($"All {Count} ports from {First} on were tried.");
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Any, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
