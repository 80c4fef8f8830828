namespace Speed.Cli;

internal static class PathQuery
{
    /// <summary>A path with its parameters; those without a value are left out.</summary>
    public static string Of(string path, params (string Name, string? Value)[] parameters)
    {
        var given = parameters.Where(parameter => parameter.Value is not null)
            .Select(parameter => $"{parameter.Name}={Uri.EscapeDataString(parameter.Value!)}");
        return string.Join('&', given) is { Length: > 0 } query ? $"{path}?{query}" : path;
    }
}
