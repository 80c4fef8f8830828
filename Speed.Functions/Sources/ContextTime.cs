using System.Globalization;

namespace Speed.Sources;

/// <summary>The time that every file of a build context bears: that of its commit.</summary>
internal static class ContextTime
{
    // For a commit without a time that can be used. Not the epoch: zip files, and so Python's wheels, know no year
    // before 1980 and none after 2107.
    private static readonly DateTimeOffset None = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset First = new(1980, 1, 2, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Last = new(2107, 12, 30, 0, 0, 0, TimeSpan.Zero);

    /// <param name="seconds">Since 1970, as git prints them. Anything may stand in a commit.</param>
    public static DateTimeOffset Of(string seconds) =>
        long.TryParse(seconds, CultureInfo.InvariantCulture, out var time)
        && time >= First.ToUnixTimeSeconds() && time <= Last.ToUnixTimeSeconds()
            ? DateTimeOffset.FromUnixTimeSeconds(time)
            : None;
}
