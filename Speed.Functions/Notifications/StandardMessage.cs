using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Speed.Deployments;

namespace Speed.Notifications;

/// <summary>A message as Standard Webhooks has it: JSON, with an id that stays, the time, and a signature.</summary>
internal static class StandardMessage
{
    private const string SecretPrefix = "whsec_";

    public static HttpRequestMessage Of(
        NotificationTarget.Receiver receiver, NotificationDelivery delivery, string? link, DateTimeOffset now)
    {
        var body = Body(delivery, link);
        var timestamp = now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var request = Request(receiver.Url, body);
        request.Headers.Add("webhook-id", delivery.MessageId);
        request.Headers.Add("webhook-timestamp", timestamp);
        request.Headers.Add("webhook-signature", "v1," + Sign(receiver.Secret, delivery.MessageId, timestamp, body));
        return request;
    }

    public static HttpRequestMessage Request(string url, byte[] json)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(json) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.UserAgent.ParseAdd("SPEED");
        return request;
    }

    private static byte[] Body(NotificationDelivery delivery, string? link)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("type", delivery.Event.Wire);
            json.WriteString(
                "timestamp",
                delivery.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            json.WriteStartObject("data");
            foreach (var member in JsonElement.Parse(delivery.Data).EnumerateObject())
            {
                member.WriteTo(json);
            }

            if (link is not null)
            {
                json.WriteString("link", link);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    private static string Sign(string secret, string id, string timestamp, byte[] body)
    {
        var key = Convert.FromBase64String(secret[SecretPrefix.Length..]);
        byte[] signed = [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];
        return Convert.ToBase64String(HMACSHA256.HashData(key, signed));
    }
}
