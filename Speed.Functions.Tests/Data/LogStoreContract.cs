using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>What every store of logs must do. A store is held to it by a subclass of ten lines.</summary>
public abstract partial class LogStoreContract : IDisposable
{
    protected const long Id = 7;

    private Lazy<ILogStore> _store;

    protected LogStoreContract() => _store = new Lazy<ILogStore>(() => Open(MaxBytes));

    protected Bell Bell { get; } = new();

    protected FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero));

    protected ILogStore Store => _store.Value;

    /// <summary>Set it before the first use of the store.</summary>
    protected long MaxBytes { get; set; } = 64L << 20;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        Close();
        Forget();
        GC.SuppressFinalize(this);
    }

    protected abstract ILogStore Open(long maxBytes);

    protected abstract void Close();

    /// <summary>Removes all that the store kept.</summary>
    protected abstract void Forget();

    protected void Restart()
    {
        Close();
        _store = new Lazy<ILogStore>(() => Open(MaxBytes));
    }

    protected LogChunk Chunk(long firstN, params string[] texts) => new(
        [.. texts.Select((text, i) => Line(firstN + i, text))], texts.Sum(Encoding.UTF8.GetByteCount) + texts.Length);

    protected LogLine Line(long n, string text) =>
        new(n, Time.GetUtcNow().AddMilliseconds(n), DeploymentPhase.Run, LogStream.Stdout, text, false);

    /// <summary>Everything after a line, page by page, as a reader gets it.</summary>
    protected async Task<List<LogEntry>> ReadAllAsync(long id = Id, long after = 0)
    {
        var entries = new List<LogEntry>();
        while (await Store.ReadAsync(id, after, Token) is { Count: > 0 } page)
        {
            entries.AddRange(page);
            after = page[^1].Last;
        }

        return entries;
    }

    /// <summary>The fingerprint as the contract defines it, worked out anew.</summary>
    protected static (long Bytes, string Sha256) Fingerprint(IEnumerable<LogEntry> entries)
    {
        var bytes = entries.OfType<LogLine>()
            .SelectMany(line => Encoding.UTF8.GetBytes(line.Continues ? line.Text : line.Text + "\n"))
            .ToArray();
        return (bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    protected static void AssertDense(IEnumerable<LogEntry> entries, long last)
    {
        var next = 1L;
        foreach (var entry in entries)
        {
            Assert.Equal(next, entry is LogGap gap ? gap.From : entry.Last);
            next = entry.Last + 1;
        }

        Assert.Equal(last, next - 1);
    }
}
