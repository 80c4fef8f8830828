using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Speed.Deployments;

namespace Speed.Notifications;

/// <summary>
/// One sentence for people, in the mark-up of a chat. Branches and messages are strangers' words: they mention nobody
/// and mark nothing up.
/// </summary>
internal static class ChatMessage
{
    private const int MostSlack = 3_000;
    private const int MostDiscord = 2_000;
    private const int MostName = 200;

    public static HttpRequestMessage ForSlack(string url, NotificationDelivery delivery, string? link)
    {
        var text = Sentence(delivery, MostSlack, Slacked);
        return StandardMessage.Request(url, Bytes(new JsonObject
        {
            ["text"] = link is null ? text : $"{text}\n<{Slacked(link)}>",
        }));
    }

    public static HttpRequestMessage ForDiscord(string url, NotificationDelivery delivery, string? link)
    {
        var tail = link is null ? "" : $"\n<{link}>";
        return StandardMessage.Request(url, Bytes(new JsonObject
        {
            ["content"] = Sentence(delivery, MostDiscord - tail.Length, Discorded) + tail,
            ["allowed_mentions"] = new JsonObject { ["parse"] = new JsonArray() },
        }));
    }

    // As much of the failure as there is room for; what is cut is cut before it is escaped, or half an escape would stay.
    private static string Sentence(NotificationDelivery delivery, int most, Func<string, string> escape)
    {
        var summary = delivery.Summary;
        var branch = summary.Branch is null ? "" : $" ({escape(Cut(summary.Branch, MostName))})";
        var head = $"Deployment {summary.Id} of {escape(Cut(Glob.TargetOf(summary.Url), MostName))}{branch} "
            + Verb(delivery.Event);
        if (summary.Failure is not { } failure || delivery.Event is not (NotificationEvent.Failed or NotificationEvent.Canceled))
        {
            return Ended(head);
        }

        var words = $": {failure.Code}: {failure.Message}";
        for (var room = most; room >= 16; room /= 2)
        {
            var whole = head + escape(Cut(words, room));
            if (whole.Length <= most)
            {
                return whole;
            }
        }

        return Ended(head);
    }

    private static string Verb(NotificationEvent happened) => happened switch
    {
        NotificationEvent.Started => "has started",
        NotificationEvent.Up => "is up",
        NotificationEvent.Succeeded => "succeeded",
        NotificationEvent.Failed => "failed",
        _ => "was canceled",
    };

    private static string Ended(string sentence) => sentence + ".";

    internal static string Cut(string text, int most)
    {
        if (text.Length <= most)
        {
            return text;
        }

        // Never between the halves of one character.
        var length = char.IsHighSurrogate(text[most - 2]) ? most - 2 : most - 1;
        return text[..length] + "…";
    }

    // The three characters that Slack takes for its own: what is left cannot mention or link.
    private static string Slacked(string text) =>
        text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;");

    private static string Discorded(string text)
    {
        var escaped = new StringBuilder(text.Length * 2);
        foreach (var c in text)
        {
            escaped.Append(c is '\\' or '*' or '_' or '~' or '`' or '|' or '>' or '<' or '[' or ']' or '(' or ')' or '#' or '@' or ':'
                ? $"\\{c}"
                : c == '\n' ? " " : c.ToString());
        }

        return escaped.ToString();
    }

    private static byte[] Bytes(JsonObject body) => JsonSerializer.SerializeToUtf8Bytes(body);
}
