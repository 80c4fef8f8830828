namespace Speed.Sources;

/// <summary>
/// Asks the rules of an ignore file about one path after another. What was found for a folder counts for all in it, so
/// that paths are best asked in the order of the tree.
/// </summary>
/// <remarks>
/// Strangers choose files and rules: 200,000 of the ones by 10,000 of the others. Most patterns are out by how they begin
/// or end, and the work for those that remain is counted, that of a mere look, too.
/// </remarks>
internal sealed class IgnoreWalk
{
    /// <summary>The most steps, each of one character of a path and one element of a pattern: some ten seconds.</summary>
    public const long MaxSteps = 5_000_000_000;

    // As many steps of fitting take as long as one look.
    private const int LookSteps = 4;

    private readonly IReadOnlyList<IgnoreRule> _rules;
    private readonly IgnoreIndex _index;
    private readonly bool _hasExceptions;
    private readonly Stack<Place> _above = [];
    private readonly Place _top;
    private readonly long _maxSteps;
    private long _steps;

    public IgnoreWalk(DockerIgnore ignore, long maxSteps = MaxSteps)
    {
        _rules = ignore.Rules;
        _maxSteps = maxSteps;
        _index = new IgnoreIndex(_rules);
        _hasExceptions = _rules.Any(rule => rule.IsException);
        _top = new Place("", false, []) { Below = _index.AtTop };
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

        var place = _above.TryPeek(out var found) ? found : _top;
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
            return new Place(path, true, []) { Below = [] };
        }

        var excluded = false;
        var fitting = new List<int>();
        var candidates = new Merge(_index.ListsFor(path, BelowOf(above), above.Fitting));
        var inherited = 0;
        while (!(excluded && !_hasExceptions) && candidates.TryNext(out var i))
        {
            Count(LookSteps);
            var isInherited = inherited < above.Fitting.Length && above.Fitting[inherited] == i;
            inherited += isInherited ? 1 : 0;
            if (isInherited || (_rules[i].IsException == excluded && Fits(_rules[i].Pattern, path)))
            {
                fitting.Add(i);
                excluded = !_rules[i].IsException;
            }
        }

        return new Place(path, excluded, [.. fitting]) { Above = above };
    }

    // Found once something in the folder is asked about.
    private int[] BelowOf(Place folder)
    {
        if (folder.Below is null)
        {
            var above = BelowOf(folder.Above!);
            Count((long)LookSteps * above.Length);
            folder.Below = _index.Below(folder.Path, above);
        }

        return folder.Below;
    }

    private bool Fits(IgnorePattern pattern, string path)
    {
        if (!pattern.MayFit(path))
        {
            return false;
        }

        Count((pattern.Length + 1L) * (path.Length + 1L));
        return pattern.Fits(path);
    }

    private void Count(long steps)
    {
        _steps += steps;
        if (_steps > _maxSteps)
        {
            throw new FormatException("its patterns take too long for so many files");
        }
    }

    /// <param name="Fitting">The numbers of the rules that fit it or a folder above, in their order.</param>
    private sealed record Place(string Path, bool IsExcluded, int[] Fitting)
    {
        public Place? Above { get; init; }

        /// <summary>Of the rules with a beginning, those that may fit something in it; null until it is needed.</summary>
        public int[]? Below { get; set; }
    }

    /// <summary>Goes through lists of numbers as if they were one, each number once, from the least on.</summary>
    private struct Merge(List<int[]> lists)
    {
        private readonly int[] _at = new int[lists.Count];

        public readonly bool TryNext(out int next)
        {
            next = int.MaxValue;
            for (var i = 0; i < lists.Count; i++)
            {
                next = _at[i] < lists[i].Length ? Math.Min(next, lists[i][_at[i]]) : next;
            }

            for (var i = 0; i < lists.Count; i++)
            {
                _at[i] += _at[i] < lists[i].Length && lists[i][_at[i]] == next ? 1 : 0;
            }

            return next != int.MaxValue;
        }
    }
}
