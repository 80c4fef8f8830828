using System.Buffers;

namespace Speed.Endpoints;

/// <summary>A delivery as it was read. To be disposed of when nothing looks at its bytes any more.</summary>
internal sealed class ReadDelivery(bool isHeld) : IDisposable
{
    private ArrayBufferWriter<byte>? _held = isHeld ? new() : null;
    private SemaphoreSlim? _place;

    /// <summary>Null for one that was read to its end.</summary>
    public Refusal? Refusal { get; private set; }

    /// <summary>Null for more than is held.</summary>
    public ReadOnlyMemory<byte>? Bytes => _held?.WrittenMemory;

    /// <summary>True where this many bytes more make a large one of it that has no place yet.</summary>
    public bool NeedsPlace(long more, int small) => _place is null && _held?.WrittenCount + more > small;

    public async Task<bool> TakePlaceAsync(SemaphoreSlim places, TimeSpan patience, CancellationToken cancellationToken)
    {
        var isTaken = await places.WaitAsync(patience, cancellationToken);
        _place = isTaken ? places : null;
        return isTaken;
    }

    public void Add(ReadOnlySpan<byte> bytes, int most)
    {
        if (_held?.WrittenCount + bytes.Length > most)
        {
            Dispose();
        }

        _held?.Write(bytes);
    }

    public void Refuse(Refusal refusal)
    {
        Refusal = refusal;
        Dispose();
    }

    public void Dispose()
    {
        _held = null;
        _place?.Release();
        _place = null;
    }
}
