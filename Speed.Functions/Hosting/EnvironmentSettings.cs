using System.Collections;
using Microsoft.Extensions.Options;

namespace Speed.Hosting;

/// <summary>The environment as configuration. An empty variable is not set, so it hides nothing below it.</summary>
internal static class EnvironmentSettings
{
    public static IEnumerable<KeyValuePair<string, string?>> Read() =>
        Read(Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(variable => KeyValuePair.Create((string)variable.Key, (string?)variable.Value)));

    /// <summary>
    /// A setting's name is the same in upper and lower case, a variable's is not: of several that are one setting the
    /// first counts, capitals before small letters. Throws <see cref="OptionsValidationException"/>, with a sentence,
    /// where such a setting is SPEED's own and their values differ.
    /// </summary>
    internal static IEnumerable<KeyValuePair<string, string?>> Read(
        IEnumerable<KeyValuePair<string, string?>> variables) =>
        variables
            .Where(variable => !string.IsNullOrEmpty(variable.Value))
            .OrderBy(variable => variable.Key, StringComparer.Ordinal)
            .GroupBy(
                variable => variable.Key.Replace("__", ":", StringComparison.Ordinal), StringComparer.OrdinalIgnoreCase)
            .Select(setting => KeyValuePair.Create(setting.Key, Decide([.. setting])));

    private static string? Decide(KeyValuePair<string, string?>[] spellings)
    {
        var (name, value) = spellings[0];
        var other = spellings.FirstOrDefault(spelling => spelling.Value != value).Key;
        return other is null || !name.StartsWith("Speed__", StringComparison.OrdinalIgnoreCase)
            ? value
            : throw new OptionsValidationException(
                name,
                typeof(EnvironmentSettings),
                [$"{name} and {other} are one setting with two values: unset one of them."]);
    }
}
