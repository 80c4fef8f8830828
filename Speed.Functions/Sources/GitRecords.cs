using System.Buffers;
using System.IO.Pipelines;

namespace Speed.Sources;

/// <summary>Cuts the output of a git command into records, however many there are and however long one is.</summary>
internal static class GitRecords
{
    /// <summary>Takes a record, which is gone when it returns.</summary>
    public delegate void See(ReadOnlySpan<byte> record);

    /// <summary>Hands each record to <paramref name="see"/>, without the byte that ends it.</summary>
    /// <param name="most">The most bytes of one.</param>
    /// <param name="tooLong">What is thrown for a longer one.</param>
    public static async Task ReadAsync(
        Stream output, byte end, int most, See see, Func<Exception> tooLong)
    {
        var whole = new byte[most];
        var reader = PipeReader.Create(output);
        while (true)
        {
            var read = await reader.ReadAsync(CancellationToken.None);
            var buffer = read.Buffer;
            while (buffer.PositionOf(end) is { } at)
            {
                Give(buffer.Slice(0, at));
                buffer = buffer.Slice(buffer.GetPosition(1, at));
            }

            if (buffer.Length > most)
            {
                throw tooLong();
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
            {
                return;
            }
        }

        void Give(ReadOnlySequence<byte> record)
        {
            if (record.Length > most)
            {
                throw tooLong();
            }

            record.CopyTo(whole);
            see(whole.AsSpan(0, (int)record.Length));
        }
    }
}
