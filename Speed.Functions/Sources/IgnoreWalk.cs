namespace Speed.Sources;

/// <summary>
/// Asks the rules of an ignore file about one path after another. What was found for a folder counts for all in it, so
/// that paths are best asked in the order of the tree.
/// </summary>
/// <remarks>
/// Strangers choose files and rules: 200,000 of the ones by 10,000 of the others. Patterns without wildcards are looked
/// up, most others are out by how they begin or end, and the work of those that remain is counted.
/// </remarks>
internal sealed class IgnoreWalk
{
    /// <summary>The most steps, each of one character of a path and one element of a pattern: some ten seconds.</summary>
    public const long MaxSteps = 5_000_000_000;

    private readonly IReadOnlyList<IgnoreRule> _rules;
    private readonly Dictionary<string, List<int>> _literals = [];
    private readonly List<int> _others = [];
    private readonly bool _hasExceptions;
    private readonly Stack<Place> _above = [];
    private readonly long _maxSteps;
    private long _steps;

    public IgnoreWalk(DockerIgnore ignore, long maxSteps = MaxSteps)
    {
        _rules = ignore.Rules;
        _maxSteps = maxSteps;
        for (var i = 0; i < _rules.Count; i++)
        {
            if (_rules[i].Pattern.Literal is { } literal)
            {
                (_literals.TryGetValue(literal, out var same) ? same : _literals[literal] = []).Add(i);
            }
            else
            {
                _others.Add(i);
            }
        }

        _hasExceptions = _rules.Any(rule => rule.IsException);
    }

    /// <summary>
    /// True if the file or folder at this path, relative to the context, is left out of it. Throws
    /// <see cref="FormatException"/> where it all is too much work.
    /// </summary>
    public bool Excludes(string path)
    {
        if (_rules.Count == 0)
        {
            return false;
        }

        while (_above.TryPeek(out var last) && !IsWithin(path, last.Path))
        {
            _above.Pop();
        }

        var place = _above.TryPeek(out var found) ? found : new Place("", false, []);
        while (place.Path != path)
        {
            var slash = path.IndexOf('/', place.Path.Length == 0 ? 0 : place.Path.Length + 1);
            place = Enter(place, slash < 0 ? path : path[..slash]);
            _above.Push(place);
        }

        return place.IsExcluded;
    }

    private static bool IsWithin(string path, string folder) =>
        path.StartsWith(folder, StringComparison.Ordinal)
        && (path.Length == folder.Length || path[folder.Length] == '/');

    // A rule that fits a folder fits all below. An exception counts only where something was excluded before it:
    // of "**/*.log" and "!logs", the second does not fit the folder logs, and so saves nothing in it.
    private Place Enter(Place above, string path)
    {
        if (above.IsExcluded && !_hasExceptions)
        {
            return new Place(path, true, []);
        }

        var excluded = false;
        var fitting = new List<int>();
        var inherited = new HashSet<int>(above.Fitting);
        foreach (var i in CandidatesFor(above, path))
        {
            var rule = _rules[i];
            if (inherited.Contains(i) || (rule.IsException == excluded && Fits(rule.Pattern, path)))
            {
                fitting.Add(i);
                excluded = !rule.IsException;
            }
        }

        return new Place(path, excluded, [.. fitting]);
    }

    private IEnumerable<int> CandidatesFor(Place above, string path)
    {
        var literal = _literals.GetValueOrDefault(path);
        return literal is null && above.Fitting.Length == 0
            ? _others
            : _others.Concat(literal ?? []).Concat(above.Fitting).Distinct().Order();
    }

    private bool Fits(IgnorePattern pattern, string path)
    {
        if (!pattern.MayFit(path))
        {
            return false;
        }

        _steps += (pattern.Length + 1L) * (path.Length + 1L);
        return _steps <= _maxSteps
            ? pattern.Fits(path)
            : throw new FormatException("its patterns take too long for so many files");
    }

    /// <param name="Fitting">The numbers of the rules that fit it or a folder above, in their order.</param>
    private sealed record Place(string Path, bool IsExcluded, int[] Fitting);
}
