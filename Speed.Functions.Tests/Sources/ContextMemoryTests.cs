using Xunit;

namespace Speed.Tests.Sources;

[CollectionDefinition(nameof(ContextMemoryTests), DisableParallelization = true)]
public sealed class AloneForItsMemory;

// What is allocated is counted for the whole process.
/// <summary>Drives real Git: a large file is not held in memory.</summary>
[Collection(nameof(ContextMemoryTests))]
public sealed class ContextMemoryTests
{
    [Fact]
    public async Task A_file_of_100_MB_is_not_held_in_memory()
    {
        await using var world = await SourceWorld.StartAsync();
        var repository = await world.Server.CreateAsync("app", r => r.Large("big", 100_000_000));
        await using var tree = await world.FetchAsync(repository.Url);
        var destination = new CountingStream();

        var before = GC.GetTotalAllocatedBytes();
        await tree.WriteContextAsync("Dockerfile", "FROM x\n", destination, TestContext.Current.CancellationToken);
        var allocated = GC.GetTotalAllocatedBytes() - before;

        Assert.InRange(destination.Count, 100_000_000, 100_100_000);
        Assert.InRange(allocated, 0, 20_000_000);
    }

    private sealed class CountingStream : MemoryStream
    {
        public long Count { get; private set; }

        public override bool CanSeek => false;

        public override void Write(byte[] buffer, int offset, int count) => Count += count;

        public override void Write(ReadOnlySpan<byte> buffer) => Count += buffer.Length;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Count += buffer.Length;
            return ValueTask.CompletedTask;
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }
}
