using System.Collections;

namespace Speed.Hosting;

/// <summary>The environment as configuration. An empty variable is not set, so it hides nothing below it.</summary>
internal static class EnvironmentSettings
{
    public static IEnumerable<KeyValuePair<string, string?>> Read() =>
        from DictionaryEntry variable in Environment.GetEnvironmentVariables()
        let value = variable.Value as string
        where !string.IsNullOrEmpty(value)
        select KeyValuePair.Create(((string)variable.Key).Replace("__", ":", StringComparison.Ordinal), (string?)value);
}
