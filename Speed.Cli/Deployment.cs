using System.Text.Json;

namespace Speed.Cli;

/// <summary>A deployment as SPEED's resource has it.</summary>
internal readonly record struct Deployment(JsonElement Json)
{
    public long Id => Json.Whole("id") ?? throw NotOne();

    public string Status => Json.Text("status") ?? throw NotOne();

    public long Version => Json.Whole("version") ?? throw NotOne();

    public bool HasEnded => Status is "Succeeded" or "Failed" or "Canceled";

    /// <summary>A service that answers now.</summary>
    public bool IsUp => Status == "Running" && Json.Text("up_at") is not null;

    /// <summary>True once no line will ever be added.</summary>
    public bool IsLogClosed => HasEnded && Json.Find("log")?.Text("sha256") is not null;

    public long LogLines => Json.Find("log")?.Whole("lines") ?? 0;

    /// <summary>Where a service is, or was, published.</summary>
    public IReadOnlyList<string> Addresses =>
        [.. Json.Items("endpoints").Select(endpoint => endpoint.Text("url")).OfType<string>()];

    /// <summary>Under which the proxy, where there is one, knows a service.</summary>
    public IReadOnlyList<string> Names =>
        [.. Json.Items("hosts").Select(host => host.ToString()).Append(Json.Text("own_host")).OfType<string>()];

    /// <summary>How a deployment stands that is up or has ended.</summary>
    public string Outcome => this switch
    {
        { IsUp: true } => UpSentence,
        { Status: "Succeeded" } => $"Deployment {Id} succeeded.",
        { Status: "Failed" } => $"Deployment {Id} failed{FailureText}",
        { Status: "Canceled" } => $"Deployment {Id} was canceled{FailureText}",
        _ => $"Deployment {Id} is {Status}.",
    };

    /// <summary>The exit code that says the same.</summary>
    public int OutcomeCode => Status is "Failed" or "Canceled" ? ExitCode.Failed : ExitCode.Done;

    private string UpSentence
    {
        get
        {
            var at = Addresses.Count > 0 ? $" at {string.Join(", ", Addresses)}" : "";
            var names = Names.Count > 0 ? $" (names for the proxy: {string.Join(", ", Names)})" : "";
            return $"Deployment {Id} is up{at}{names}";
        }
    }

    private string FailureText
    {
        get
        {
            if (Json.Find("failure") is not { } failure)
            {
                return ".";
            }

            var hint = failure.Text("hint") is { Length: > 0 } text ? $"\n{text}" : "";
            return $": {failure.Text("code")}: {failure.Text("message")}{hint}";
        }
    }

    private static SpeedException NotOne() => new(
        "What answers there is not SPEED: it sends no deployment.", ExitCode.NoAnswer);
}
