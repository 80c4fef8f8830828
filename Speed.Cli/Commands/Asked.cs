using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Speed.Cli.Commands;

/// <summary>Arguments and options that several commands have, and how they are read.</summary>
internal static class Asked
{
    public static Argument<long> Id(string what) => new("id") { Description = what };

    public static Option<bool> Detach(string what) => new("--detach", "-d") { Description = what };

    public static Option<string?> Text(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = description };

    /// <summary>One that may be given more than once.</summary>
    public static Option<string[]> Texts(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = $"{description}; may be repeated" };

    /// <summary>Adds all of them, as a collection's own initializer would.</summary>
    public static void Add(this IList<Option> options, params Option[] more)
    {
        foreach (var option in more)
        {
            options.Add(option);
        }
    }

    /// <summary>Seconds of <c>90</c>, <c>90s</c>, <c>30m</c>, <c>2h</c> or <c>7d</c>; null for null.</summary>
    public static long? Seconds(string? text, string option)
    {
        if (text is null)
        {
            return null;
        }

        var unit = text.LastOrDefault() switch
        {
            'm' => 60L,
            'h' => 3_600,
            'd' => 86_400,
            _ => 1,
        };
        var number = text is [.. var front, 's' or 'm' or 'h' or 'd'] ? front : text;
        return int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? count * unit
            : throw SpeedException.Refused($"{option} {text}: give a time such as 90s, 30m, 2h or 7d.");
    }

    /// <summary>The two sides of each <c>NAME=VALUE</c> as members; null if there are none.</summary>
    public static JsonObject? Map(string[]? pairs, string option)
    {
        var map = new JsonObject();
        foreach (var pair in pairs ?? [])
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0)
            {
                // Not repeated: behind a wrong sign there may be a value that is nobody's business.
                throw SpeedException.Refused($"{option} must have a name, '=', and a value.");
            }

            if (!map.TryAdd(pair[..at], pair[(at + 1)..]))
            {
                throw SpeedException.Refused($"{option} {pair[..at]} is given twice.");
            }
        }

        return map.Count > 0 ? map : null;
    }

    /// <summary>Null if there are none.</summary>
    public static JsonArray? List(string[]? items) =>
        items is { Length: > 0 } ? new JsonArray([.. items.Select(item => (JsonNode)item)]) : null;

    /// <summary>A body without the members that are null.</summary>
    public static JsonObject Body(params (string Name, JsonNode? Value)[] members) =>
        new(members.Where(member => member.Value is not null)
            .Select(member => KeyValuePair.Create(member.Name, member.Value)));
}
