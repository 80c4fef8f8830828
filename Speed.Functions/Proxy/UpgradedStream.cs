using System.Net.Sockets;

namespace Speed.Proxy;

/// <summary>What the connection is once both sides have agreed to speak something else on it.</summary>
internal sealed class UpgradedStream(ServiceConnection connection) : PassingStream
{
    public override bool CanRead => true;

    /// <summary>How many bytes the service has sent.</summary>
    public long Received { get; private set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            var read = await connection.ReceiveAsync(buffer, cancellationToken);
            Received += read;
            return read;
        }
        catch (SocketException fault)
        {
            throw new IOException("The service's connection was cut.", fault);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await connection.SendAsync(buffer, cancellationToken);
        }
        catch (SocketException fault)
        {
            throw new IOException("The service's connection was cut.", fault);
        }
    }

    protected override void Dispose(bool disposing)
    {
        connection.Dispose();
        base.Dispose(disposing);
    }
}
