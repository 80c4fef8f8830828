using System.Text.Json;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>A deployment after its end, with its log as text and its results.</summary>
public sealed record Ended(long Id, JsonElement Resource, string Log, string Results)
{
    public string Status => Resource.GetProperty("status").GetString()!;

    public string Commit => Resource.GetProperty("commit").GetString()!;

    public string ImageId => Resource.GetProperty("image_id").GetString()!;

    public int? ExitCode => Resource.GetProperty("exit_code") is { ValueKind: JsonValueKind.Number } code ? code.GetInt32() : null;

    public Ended Succeeded()
    {
        Assert.True(Status == "Succeeded", $"{Resource}\n{Log}");
        return this;
    }

    /// <summary>Asserts the failure's code, and gives its message with the hint.</summary>
    public string FailedWith(string code, string? phase)
    {
        Assert.True(Status == "Failed", $"{Resource}\n{Log}");
        var failure = Resource.GetProperty("failure");
        Assert.True(failure.GetProperty("code").GetString() == code, $"{failure}\n{Log}");
        Assert.Equal(phase, failure.GetProperty("phase").GetString());
        return $"{failure.GetProperty("message")} {failure.GetProperty("hint")}";
    }
}
