using System.Globalization;
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

    // As much of the words as there is room for; what is cut is cut before it is escaped, or half an escape would stay.
    private static string Sentence(NotificationDelivery delivery, int most, Func<string, string> escape)
    {
        var (head, words) = delivery.Event.IsOfHost
            ? OfHost(delivery.OfHost, escape)
            : OfDeployment(delivery.Event, delivery.Summary, escape);
        for (var room = most; words is not null && room >= 16; room /= 2)
        {
            var whole = $"{head}{escape(Cut($": {words}", room))}";
            if (whole.Length <= most)
            {
                return whole;
            }
        }

        return head + ".";
    }

    private static (string Head, string Words) OfHost(HostSummary summary, Func<string, string> escape) =>
        ($"SPEED on {escape(Cut(summary.Host, MostName))}", summary.Message);

    private static (string Head, string? Words) OfDeployment(
        NotificationEvent happened, DeploymentSummary summary, Func<string, string> escape)
    {
        var branch = summary.Branch is null ? "" : $" ({escape(Cut(summary.Branch, MostName))})";
        var head = $"Deployment {summary.Id} of {escape(Cut(Glob.TargetOf(summary.Url), MostName))}{branch} {Verb(happened)}";
        return (head, Words(happened, summary));
    }

    private static string Verb(NotificationEvent happened) => happened switch
    {
        NotificationEvent.Started => "has started",
        NotificationEvent.Up => "is up",
        NotificationEvent.Succeeded => "succeeded",
        NotificationEvent.Failed => "failed",
        NotificationEvent.ServiceUnhealthy => "is no longer healthy",
        NotificationEvent.ServiceHealthy => "is healthy again",
        NotificationEvent.ServiceRestarting => "is started again",
        NotificationEvent.ServiceDown => "is down",
        NotificationEvent.VolumesMissing => "runs without its volumes",
        _ => "was canceled",
    };

    private static string? Words(NotificationEvent happened, DeploymentSummary summary) => happened switch
    {
        NotificationEvent.Failed or NotificationEvent.Canceled => Failure(summary),
        NotificationEvent.ServiceUnhealthy => summary.Unhealthy,
        NotificationEvent.ServiceRestarting => Restart(summary.Restart),
        NotificationEvent.ServiceDown => Failure(summary) ?? Restart(summary.Restart) ?? Exit(summary.ExitCode),
        NotificationEvent.VolumesMissing when summary.Missing is { } missing =>
            $"what it writes at {string.Join(", ", missing.Paths)} is in its container alone. Copy it: {missing.Copy}; once it has ended "
                + $"the container is called {BareContainer.KeptNameOf(missing.Container)}.",
        _ => null,
    };

    private static string? Failure(DeploymentSummary summary) =>
        summary.Failure is { } failure ? $"{failure.Code}: {failure.Message}" : null;

    private static string? Exit(int? code) =>
        code is null ? null : string.Create(CultureInfo.InvariantCulture, $"the program exited with code {code}.");

    private static string? Restart(Restarting? restart) => restart switch
    {
        null => null,
        { Reason: RestartReason.Interrupted } => "the Docker engine or SPEED went away, and the service with it.",
        { Reason: RestartReason.DiskFull } => "it was stopped for want of room on SPEED's disk, and starts once there is.",
        _ => string.Create(
            CultureInfo.InvariantCulture, $"{Why(restart)}. Try {restart.Try}, in {restart.PauseSeconds} s."),
    };

    private static string Why(Restarting restart) => restart.Reason switch
    {
        RestartReason.Unhealthy => "it is not well",
        RestartReason.NotStarted => "it could not be started",
        _ => string.Create(CultureInfo.InvariantCulture, $"the program exited with code {restart.ExitCode}"),
    };

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
