using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Speed.Endpoints;

/// <summary>Reads query parameters; an empty one counts as missing. The first bad one is the refusal.</summary>
internal sealed class QueryReader(IQueryCollection query)
{
    /// <summary>Null while nothing is wrong with the query.</summary>
    public Refusal? Refusal { get; private set; }

    /// <summary>Null if missing.</summary>
    public string? Text(string name)
    {
        var values = query[name];
        if (values.Count > 1)
        {
            Refuse(name, "is given more than once: give it once.");
        }

        return values.Count > 0 && !string.IsNullOrEmpty(values[0]) ? values[0] : null;
    }

    public int Whole(string name, int missing, int least) => (int)Whole(name, missing, least, int.MaxValue);

    public long Whole(string name, long missing, long least, long most)
    {
        if (Text(name) is not { } text)
        {
            return missing;
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            && value >= least && value <= most)
        {
            return value;
        }

        Refuse(name, $"must be a whole number from {least} to {most}.");
        return missing;
    }

    public bool Flag(string name)
    {
        var text = Text(name);
        if (text is not (null or "true" or "false"))
        {
            Refuse(name, "must be true or false.");
        }

        return text == "true";
    }

    /// <summary>Null if missing.</summary>
    public T? Word<T>(string name) where T : struct, Enum
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        foreach (var value in Enum.GetValues<T>())
        {
            if (text.Equals(value.ToString(), StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        var words = string.Join(", ", Enum.GetNames<T>().Select(word => word.ToLowerInvariant()));
        Refuse(name, $"must be one of {words}.");
        return null;
    }

    /// <summary>What a client that comes again to a stream had last; null if it comes for the first time.</summary>
    public long? LastEventId(HttpRequest request)
    {
        const string Name = "Last-Event-ID";
        var text = request.Headers[Name].ToString();
        if (text.Length == 0)
        {
            return null;
        }

        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            Refusal ??= Refusal.BadRequest("INVALID_HEADER", $"The header {Name} must be an id of this stream.");
        }

        return id;
    }

    /// <param name="detail">Follows the parameter's name: "must be …".</param>
    /// <param name="missing">What to go on with.</param>
    public T Refuse<T>(string name, string detail, T missing)
    {
        Refuse(name, detail);
        return missing;
    }

    /// <param name="detail">Follows the parameter's name: "must be …".</param>
    public void Refuse(string name, string detail) =>
        Refusal ??= Refusal.BadRequest("INVALID_QUERY", $"The query parameter {name} {detail}");
}
