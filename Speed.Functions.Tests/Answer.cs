using System.Text.Json;

namespace Speed.Tests;

/// <summary>An answer that was read to its end.</summary>
public sealed record Answer(int Status, string Text, IReadOnlyDictionary<string, string> Headers)
{
    public JsonElement Json => JsonElement.Parse(Text);

    /// <summary>The sentence of an error of the original five endpoints; fails if the body has anything else.</summary>
    public string Error
    {
        get
        {
            var member = Json.EnumerateObject().Single();
            return member.Name == "error" ? member.Value.GetString()! : throw new InvalidDataException(Text);
        }
    }

    public static async Task<Answer> ReadAsync(HttpResponseMessage answer) => new(
        (int)answer.StatusCode,
        await answer.Content.ReadAsStringAsync(),
        answer.Headers.Concat(answer.Content.Headers).Concat(answer.TrailingHeaders)
            .ToDictionary(
                header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase));
}
