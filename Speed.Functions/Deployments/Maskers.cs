using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Speed.Deployments;

/// <summary>
/// The maskers in use. For the same secrets there is one, built once, however many ask for it at once: for an ssh key it takes
/// 3 MB, the building ten times that and as long as the masking of megabytes, and programs report as often as they like.
/// </summary>
/// <remarks>
/// One is dropped when nobody has asked for it for <see cref="KeptFor"/>, and before that when there are more than
/// <see cref="Most"/>, or they take more room than <see cref="MostBytes"/>: first the one that was not asked for the longest.
/// Whoever has it keeps it.
/// </remarks>
public sealed class Maskers : IDisposable
{
    public const int Most = 64;

    /// <summary>All together; one that takes more is kept alone.</summary>
    public const long MostBytes = 64 << 20;

    /// <summary>Up to a fifth longer.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly ITimer _sweep;

    // By what they mask; the one that was asked for last at the end.
    private readonly List<Entry> _entries = [];

    public Maskers(TimeProvider time)
    {
        _time = time;
        _sweep = time.CreateTimer(_ => Sweep(), null, KeptFor, KeptFor / 5);
    }

    /// <summary>How many are kept.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>Masks every value of them.</summary>
    public async Task<Masker> OfAsync(DeploymentSecrets secrets, CancellationToken cancellationToken)
    {
        var values = secrets.Values.Distinct().ToArray();
        var entry = Find(KeyOf(values), values);
        try
        {
            var masker = await entry.Masker.WaitAsync(cancellationToken);
            MakeRoom(entry);
            return masker;
        }
        catch when (entry.Masker.IsFaulted)
        {
            // It is tried again by whoever asks next.
            lock (_lock)
            {
                _entries.Remove(entry);
            }

            throw;
        }
    }

    public void Dispose() => _sweep.Dispose();

    private Entry Find(string key, string[] values)
    {
        lock (_lock)
        {
            var entry = _entries.Find(one => one.Key == key) ?? new Entry(key, Task.Run(() => Masker.Of(values)));
            entry.AskedAt = _time.GetTimestamp();
            _entries.Remove(entry);
            _entries.Add(entry);
            return entry;
        }
    }

    private void MakeRoom(Entry asked)
    {
        lock (_lock)
        {
            while (_entries.Count > 1 && _entries[0] != asked && (_entries.Count > Most || _entries.Sum(one => one.Size) > MostBytes))
            {
                _entries.RemoveAt(0);
            }
        }
    }

    private void Sweep()
    {
        lock (_lock)
        {
            _entries.RemoveAll(one => _time.GetElapsedTime(one.AskedAt) >= KeptFor);
        }
    }

    // No value outlives its masker here. With the lengths, or two lists that are written the same would be taken for one.
    private static string KeyOf(string[] values)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var length = new byte[sizeof(int)];
        foreach (var value in values.Order(StringComparer.Ordinal))
        {
            var bytes = Encoding.Unicode.GetBytes(value);
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private sealed class Entry(string key, Task<Masker> masker)
    {
        public string Key => key;

        public Task<Masker> Masker => masker;

        public long AskedAt { get; set; }

        public long Size => masker.IsCompletedSuccessfully ? masker.Result.Size : 0;
    }
}
