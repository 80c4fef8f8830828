using System.Globalization;
using System.Numerics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Speed.Deployments;

/// <summary>
/// Reads settings under one section by name. An empty value is not set. Throws
/// <see cref="OptionsValidationException"/>, whose message names the setting as the environment spells it, for a
/// value that cannot be used.
/// </summary>
public sealed class SettingsReader(IConfigurationSection section)
{
    public string? Text(string name) => section[name] is { Length: > 0 } value ? value : null;

    /// <summary>What stands between commas; null where it is not set.</summary>
    public string[]? List(string name) =>
        Text(name)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The number, or <paramref name="missing"/> where it is not set.</summary>
    public T Number<T>(string name, T missing, T least, T most) where T : INumber<T>
    {
        if (Text(name) is not { } text)
        {
            return missing;
        }

        if (T.TryParse(text, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
        {
            return value;
        }

        throw Unusable(name, string.Create(
            CultureInfo.InvariantCulture, $"must be a {(IsWhole<T>() ? "whole " : "")}number from {least} to {most}, not '{text}'."));
    }

    private static bool IsWhole<T>() where T : INumber<T> => T.CreateTruncating(0.5) == T.Zero;

    public SettingsReader Within(string name) => new(section.GetSection(name));

    /// <param name="detail">Follows the setting's name: "must be …".</param>
    public OptionsValidationException Unusable(string name, string detail)
    {
        var setting = $"{section.Path}:{name}".Replace(":", "__", StringComparison.Ordinal);
        return new OptionsValidationException(setting, typeof(SettingsReader), [$"{setting} {detail}"]);
    }
}
