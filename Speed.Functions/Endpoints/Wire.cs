using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Speed.Endpoints;

/// <summary>How values look on the wire: snake case, lower-case words, times in UTC with milliseconds.</summary>
internal static class Wire
{
    public static JsonSerializerOptions Json { get; } = Configure(new(JsonSerializerDefaults.Web));

    public static JsonSerializerOptions Configure(JsonSerializerOptions json)
    {
        json.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        json.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower));
        json.Converters.Add(new TimeConverter());
        // Answers are never HTML (nosniff): quotes and letters of any language stay readable.
        json.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        return json;
    }

    /// <summary>Writes a value without a line feed within or behind it.</summary>
    public static void Write<T>(IBufferWriter<byte> output, T value)
    {
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = Json.Encoder });
        JsonSerializer.Serialize(json, value, Json);
    }

    private sealed class TimeConverter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(
            ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.GetDateTimeOffset();

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
            writer.WriteStringValue(
                value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
    }
}
