using Speed.Deployments;

namespace Speed.Endpoints;

/// <summary>Reads patterns for repositories that are about to be kept.</summary>
internal static class PatternReader
{
    private const int MaxCount = 100;

    /// <summary>Empty if missing, or if it cannot be used.</summary>
    public static IReadOnlyList<string> Read(Fields fields, string name, int maxLength = 1_024)
    {
        var patterns = fields.List(name, MaxCount, maxLength);
        if (patterns.Select(Glob.FindFault).OfType<string>().FirstOrDefault() is { } fault)
        {
            fields.Refuse(name, fault);
            return [];
        }

        return patterns;
    }
}
