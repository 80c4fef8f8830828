using System.Text.Json;
using System.Text.RegularExpressions;

namespace Speed.Tests.Fuzz;

/// <summary>
/// What answers have given so far: ids, names, keys. Requests are generated with places for them, which are filled when
/// they are sent, so that what one call made is used in the next ones.
/// </summary>
internal sealed partial class Links
{
    // Of each kind; older ones make room.
    private const int Most = 40;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<string>> _known = [];

    /// <summary>A place for one of this kind.</summary>
    public static string To(string kind, int which) => $"\uE000{kind}:{which}\uE001";

    /// <summary>Places as an eye can see them.</summary>
    public static string Show(string text) => Place().Replace(text, "<$1 $2>");

    public void Add(string kind, string value)
    {
        lock (_gate)
        {
            if (!_known.TryGetValue(kind, out var values))
            {
                _known[kind] = values = [];
            }

            if (!values.Contains(value))
            {
                values.Add(value);
            }

            if (values.Count > Most)
            {
                values.RemoveAt(0);
            }
        }
    }

    /// <summary>Every place is filled; with a number that nothing has where nothing of its kind is known yet.</summary>
    public string Fill(string text) => text.Contains('\uE000', StringComparison.Ordinal)
        ? Place().Replace(text, place => Find(place.Groups[1].Value, int.Parse(place.Groups[2].Value, null)))
        : text;

    /// <param name="function">Whose answer it is.</param>
    public void Learn(string function, JsonElement body)
    {
        switch (function)
        {
            case "Start" or "Create" or "Retry":
                Add("deployments", $"{body.GetProperty("id")}");
                break;
            case "AddToken":
                Add("tokens", $"{body.GetProperty("id")}");
                Add("key", $"{body.GetProperty("token")}");
                break;
            case "AddHook":
                Add("hooks", $"{body.GetProperty("name")}");
                break;
            case "AddNotification":
                Add("notifications", $"{body.GetProperty("name")}");
                break;
            case "Deliver":
                Add("delivery", $"{body.GetProperty("delivery_id")}");
                break;
            case "Deployments" when body.GetProperty("next_cursor").GetString() is { } cursor:
                Add("cursor", cursor);
                break;
            case "Deliveries" or "NotificationDeliveries":
                foreach (var item in body.GetProperty("items").EnumerateArray())
                {
                    Add("delivery", $"{item.GetProperty(function == "Deliveries" ? "delivery_id" : "id")}");
                }

                break;
        }
    }

    private string Find(string kind, int which)
    {
        lock (_gate)
        {
            return _known.TryGetValue(kind, out var values) ? values[which % values.Count] : "4711";
        }
    }

    [GeneratedRegex("\uE000(\\w+):(\\d+)\uE001")]
    private static partial Regex Place();
}
