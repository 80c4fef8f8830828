namespace Speed.Sources;

/// <summary>
/// Finds the rules of an ignore file that may fit a path, by how their patterns begin and end: of thousands only a few
/// have to be looked at one by one.
/// </summary>
internal sealed class IgnoreIndex
{
    // What patterns differ in stands in so few letters; more would make each path's own search longer.
    private const int MaxEnd = 8;

    private readonly IReadOnlyList<IgnoreRule> _rules;
    private readonly Dictionary<string, int[]> _literals;
    private readonly Dictionary<string, int[]> _byFolder;
    private readonly Dictionary<string, int[]>[] _byEnd;

    public IgnoreIndex(IReadOnlyList<IgnoreRule> rules)
    {
        _rules = rules;
        var others = Numbers(i => rules[i].Pattern.Literal is null);
        _literals = Group(Numbers(i => rules[i].Pattern.Literal is not null), i => rules[i].Pattern.Literal!);
        _byFolder = Group(others.Where(HasBeginning), i => FolderOf(rules[i].Pattern.Beginning));
        _byEnd =
        [
            .. from length in Enumerable.Range(0, MaxEnd + 1)
               select Group(
                   others.Where(i => !HasBeginning(i) && EndOf(i).Length == length), EndOf),
        ];

        int[] Numbers(Func<int, bool> which) => [.. Enumerable.Range(0, rules.Count).Where(which)];

        bool HasBeginning(int i) => rules[i].Pattern.Beginning.Length > 0;

        string EndOf(int i)
        {
            var end = rules[i].Pattern.End;
            return end.Length <= MaxEnd ? end : end[^MaxEnd..];
        }
    }

    /// <summary>The rules whose patterns begin with a name at the top of the context; in their order.</summary>
    public int[] AtTop => In("");

    /// <summary>
    /// Of the rules that may fit something in the folder above, those that may fit something in this one, and those that
    /// begin in it; in their order.
    /// </summary>
    public int[] Below(string folder, int[] above)
    {
        var prefix = folder + "/";
        int[] kept = [.. above.Where(i => _rules[i].Pattern.MayBeginWith(prefix))];
        var begun = In(folder);
        return begun.Length == 0 ? kept : [.. kept.Concat(begun).Order()];
    }

    /// <summary>All that have to be looked at for a path, each list in its order; one rule may be in several.</summary>
    /// <param name="below">What <see cref="Below"/> has for its folder.</param>
    /// <param name="fitting">Those that fit the folder.</param>
    public List<int[]> ListsFor(string path, int[] below, int[] fitting)
    {
        List<int[]> lists = [];
        Add(below);
        Add(fitting);
        Add(_literals.GetValueOrDefault(path));
        for (var length = 0; length <= Math.Min(MaxEnd, path.Length); length++)
        {
            if (_byEnd[length].Count > 0)
            {
                Add(_byEnd[length].GetValueOrDefault(path[^length..]));
            }
        }

        return lists;

        void Add(int[]? list)
        {
            if (list is { Length: > 0 })
            {
                lists.Add(list);
            }
        }
    }

    private int[] In(string folder) => _byFolder.GetValueOrDefault(folder, []);

    private static string FolderOf(string beginning) =>
        beginning.LastIndexOf('/') is >= 0 and var slash ? beginning[..slash] : "";

    private static Dictionary<string, int[]> Group(IEnumerable<int> numbers, Func<int, string> key) =>
        numbers.GroupBy(key).ToDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
}
