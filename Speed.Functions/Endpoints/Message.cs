using System.Text.Json.Serialization;

namespace Speed.Endpoints;

/// <summary>The success body of the original endpoints that change something.</summary>
public sealed record Message([property: JsonPropertyName("message")] string Sentence);
