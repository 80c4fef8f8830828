using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>Reads who is to be told.</summary>
internal static class NotificationReader
{
    private const int MaxNameLength = 64;

    private static readonly Dictionary<string, NotificationEvent> Events =
        NotificationEvents.Public.ToDictionary(one => one.Wire);

    private static readonly Dictionary<string, NotificationFormat> Formats =
        new[] { NotificationFormat.Standard, NotificationFormat.Slack, NotificationFormat.Discord }
            .ToDictionary(format => format.ToString().ToLowerInvariant());

    /// <summary>What cannot be used is added to the fields' errors: look there before using what was read.</summary>
    public static NotificationWish Read(Fields fields, NotifySettings settings)
    {
        fields.AllowOnly("name", "url", "events", "repos", "format");
        var repos = PatternReader.Read(fields, "repos");
        return new NotificationWish(
            ReadName(fields), ReadUrl(fields, settings, isRequired: true), ReadFormat(fields) ?? NotificationFormat.Standard,
            ReadEvents(fields, repos), repos);
    }

    /// <summary>The same of one that is there. Its address stays where none is given; its format stays always.</summary>
    /// <param name="name">From the path.</param>
    /// <param name="old">Null if there is none.</param>
    public static NotificationWish ReadChange(
        string name, NotificationFormat? old, Fields fields, NotifySettings settings)
    {
        fields.AllowOnly("name", "url", "events", "repos", "format");
        if (fields.Text("name", MaxNameLength) is { } other && other != name)
        {
            fields.Refuse("name", "cannot change: delete the notification, and add another.");
        }

        if (ReadFormat(fields) is { } format && old is not null && format != old)
        {
            fields.Refuse("format", "cannot change: delete the notification, and add another.");
        }

        var repos = PatternReader.Read(fields, "repos");
        return new NotificationWish(
            name, ReadUrl(fields, settings, isRequired: false), old ?? NotificationFormat.Standard,
            ReadEvents(fields, repos), repos);
    }

    private static string ReadName(Fields fields)
    {
        var name = fields.RequireText("name", "name is missing: say who is told, such as \"ops\".");
        if (name.Length > MaxNameLength || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
        {
            fields.Refuse("name", $"must be 1 to {MaxNameLength} of the characters a to z, 0 to 9 and '-'.");
        }

        return name;
    }

    // Nothing of it is repeated: it may be a key.
    private static string? ReadUrl(Fields fields, NotifySettings settings, bool isRequired)
    {
        if (!isRequired && !fields.Has("url"))
        {
            return null;
        }

        var url = fields.RequireText("url", "url is missing: give the receiver's address.");
        if (url.Length > 0 && settings.FindUrlFault(url) is { } fault)
        {
            fields.RefuseWith("url", fault);
        }

        return url;
    }

    private static NotificationFormat? ReadFormat(Fields fields)
    {
        if (fields.Text("format", maxLength: 20) is not { } word)
        {
            return null;
        }

        if (Formats.TryGetValue(word, out var format))
        {
            return format;
        }

        fields.Refuse("format", $"must be one of {string.Join(", ", Formats.Keys)}.");
        return null;
    }

    // What would never be told is not asked for: it belongs to no repository, and some repositories are named.
    private static IReadOnlyList<NotificationEvent> ReadEvents(Fields fields, IReadOnlyList<string> repos)
    {
        var hearsOfHost = Notification.AreAll(repos);
        if (!fields.Has("events"))
        {
            return [.. NotificationEvents.Public.Where(one => hearsOfHost || !one.IsOfHost)];
        }

        var words = fields.List("events", maxCount: 20, maxLength: 40);
        if (words.Count == 0 || !words.All(Events.ContainsKey))
        {
            fields.Refuse("events", $"must be one or more of {string.Join(", ", Events.Keys)}.");
            return [];
        }

        if (!hearsOfHost && words.FirstOrDefault(word => Events[word].IsOfHost) is { } ofHost)
        {
            fields.Refuse(
                "events",
                $"has {ofHost}, which belongs to no repository: ask for it in a notification without repos.");
        }

        return [.. words.Select(word => Events[word]).Distinct().Order()];
    }
}
