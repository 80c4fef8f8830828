namespace Speed.Tests.Fuzz;

/// <summary>A request with places for links, before they are filled.</summary>
/// <param name="Function">Whose path it has.</param>
/// <param name="Path">With the query, encoded.</param>
/// <param name="ContentType">Null: none is sent.</param>
/// <param name="Body">Null: none is sent.</param>
internal sealed record FuzzRequest(
    string Function, string Method, string Path, IReadOnlyList<(string Name, string Value)> Headers, string? ContentType,
    string? Body)
{
    /// <summary>True if the answer may be one that stays open.</summary>
    public bool MayLast =>
        Function == "Events"
        || Path.Contains("wait=", StringComparison.Ordinal)
        || Path.Contains("follow=", StringComparison.Ordinal)
        || Path.Contains("format=sse", StringComparison.Ordinal)
        || Headers.Any(header => header.Value.Contains("event-stream", StringComparison.Ordinal));

    /// <param name="origin">Put before the path as it is: a path that begins with two slashes would name a host.</param>
    public HttpRequestMessage Fill(Links links, string origin)
    {
        var request = new HttpRequestMessage(new HttpMethod(Method), new Uri(origin + links.Fill(Path)));
        foreach (var (name, value) in Headers)
        {
            request.Headers.TryAddWithoutValidation(name, links.Fill(value));
        }

        if (Body is not null)
        {
            request.Content = new ByteArrayContent(Odd.ToBytes(links.Fill(Body)));
            request.Content.Headers.ContentType = null;
            if (ContentType is not null)
            {
                request.Content.Headers.TryAddWithoutValidation("Content-Type", ContentType);
            }
        }

        return request;
    }

    /// <summary>For the eyes of who must find out why: as it was generated, long parts cut.</summary>
    public override string ToString() => Links.Show(string.Join(
        '\n',
        [
            $"{Method} {Cut(Path)}",
            .. Headers.Select(header => $"{header.Name}: {Cut(header.Value)}"),
            .. ContentType is null ? Array.Empty<string>() : [$"Content-Type: {ContentType}"],
            .. Body is null ? Array.Empty<string>() : ["", Cut(Body)],
        ]));

    private static string Cut(string text) => text.Length > 2_000 ? $"{text[..2_000]}… ({text.Length} characters)" : text;
}
