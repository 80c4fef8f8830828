namespace Speed.Cli;

/// <summary>Which lines of a log are wanted.</summary>
/// <param name="After">The number of the last one not wanted.</param>
/// <param name="Tail">So many of the last ones; null for all.</param>
/// <param name="Search">What a line has in it, whatever its case.</param>
internal sealed record LogQuery(
    long After = 0, long? Tail = null, string? Phase = null, string? Stream = null, string? Search = null)
{
    public string PathOf(long id, bool follow) => PathQuery.Of(
        $"v1/deployments/{id}/logs",
        ("format", "ndjson"),
        ("follow", follow ? "true" : null),
        ("after", After > 0 ? $"{After}" : null),
        ("tail", Tail?.ToString()),
        ("phase", Phase),
        ("stream", Stream),
        ("q", Search));
}
