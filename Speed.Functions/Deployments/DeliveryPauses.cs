namespace Speed.Deployments;

/// <summary>How long to wait before it is tried again: some seconds at first, hours at last, about a day in all.</summary>
public static class DeliveryPauses
{
    private static readonly TimeSpan[] Pauses =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10),
        TimeSpan.FromHours(1), TimeSpan.FromHours(3), TimeSpan.FromHours(6), TimeSpan.FromHours(12),
    ];

    /// <summary>Attempts before it is given up.</summary>
    public static int MostAttempts => Pauses.Length + 1;

    /// <summary>With the most that is added by chance.</summary>
    public static TimeSpan Longest => Pauses[^1] * 1.2;

    /// <summary>Up to a fifth longer by chance, so that not all come at once; null where it is given up.</summary>
    /// <param name="failures">In a row, before this one.</param>
    /// <param name="asked">By the receiver: at least that long, but no more than an hour.</param>
    public static TimeSpan? After(int failures, TimeSpan? asked)
    {
        if (failures >= Pauses.Length)
        {
            return null;
        }

        var pause = Pauses[failures] * (1 + (Random.Shared.NextDouble() / 5));
        var wished = asked > TimeSpan.FromHours(1) ? TimeSpan.FromHours(1) : asked;
        return wished > pause ? wished : pause;
    }
}
