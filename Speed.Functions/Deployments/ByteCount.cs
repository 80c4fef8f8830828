namespace Speed.Deployments;

/// <summary>Bytes as people read them.</summary>
internal static class ByteCount
{
    private static readonly string[] Units = ["bytes", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>For example <c>512 bytes</c> or <c>1.5 MiB</c>.</summary>
    public static string Format(long bytes)
    {
        var (amount, unit) = ((double)bytes, 0);
        for (; amount >= 1024 && unit < Units.Length - 1; unit++)
        {
            amount /= 1024;
        }

        return unit == 0 ? $"{bytes} bytes" : $"{amount:0.#} {Units[unit]}";
    }
}
