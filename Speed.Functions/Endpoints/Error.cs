using System.Text.Json.Serialization;

namespace Speed.Endpoints;

/// <summary>The error body of the original five endpoints.</summary>
/// <param name="Sentence">What happened, to what, and the way out.</param>
public sealed record Error([property: JsonPropertyName("error")] string Sentence)
{
    public static Error NoDeployment { get; } = new("Deployment not found");
}
