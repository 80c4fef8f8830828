using System.Globalization;
using Microsoft.Extensions.Configuration;
using Speed.Deployments;

namespace Speed.Data;

/// <summary>Where the store lives, and how much of each log it keeps.</summary>
public sealed class StoreOptions
{
    public const long LeastLogBytes = 1L << 20;
    public const long MostLogBytes = 4L << 30;

    /// <summary>Made if it is missing. The user's local application data, <c>speed/</c>, unless set.</summary>
    public string DataDirectory { get; set; } = DataFolder.Default();

    /// <summary>Kept of one deployment's log: 1 MiB to 4 GiB; 64 MiB unless set.</summary>
    public long LogMaxBytes { get; set; } = 64L << 20;

    /// <summary>How long a write waits for a foreign lock on the database. Five seconds unless set.</summary>
    public TimeSpan BusyTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long the start waits for another process to leave the folder, or the databases in it. Thirty seconds unless
    /// set.
    /// </summary>
    public TimeSpan LockTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Throws <see cref="StoreStartException"/> for a setting that is out of range.</summary>
    public static StoreOptions From(IConfiguration configuration)
    {
        var options = new StoreOptions();
        if (configuration["Speed:DataDirectory"] is { Length: > 0 } directory)
        {
            options.DataDirectory = directory;
        }

        if (configuration["Speed:Log:MaxBytes"] is { Length: > 0 } maxBytes)
        {
            options.LogMaxBytes = ParseLogMaxBytes(maxBytes);
        }

        return options;
    }

    private static long ParseLogMaxBytes(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
            && bytes is >= LeastLogBytes and <= MostLogBytes
            ? bytes
            : throw new StoreStartException(
                $"Speed__Log__MaxBytes is \"{text}\": set it to a number of bytes from {LeastLogBytes} "
                + $"to {MostLogBytes}.");
}
