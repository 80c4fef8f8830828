using Speed.Deployments;

namespace Speed.Runners;

/// <summary>What comes through a helper, which goes once it was read.</summary>
internal sealed class HelperStream(Stream inner, Func<Task> remove) : ReadOnlyStream
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.ReadAsync(buffer, cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync();
        await remove();
        await base.DisposeAsync();
    }
}
