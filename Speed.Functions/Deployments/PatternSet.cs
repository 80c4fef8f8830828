namespace Speed.Deployments;

/// <summary>
/// Finds many patterns at once in bytes that come in pieces, in one pass whatever the patterns (Aho and Corasick).
/// Where no pattern has begun it leaps, up to the length of the shortest one at a time (Wu and Manber). A state says
/// what of the last bytes may be the beginning of a pattern.
/// </summary>
internal sealed class PatternSet
{
    /// <summary>The state in which no pattern has begun.</summary>
    public const int Nothing = 0;

    private const int LongestWindow = byte.MaxValue;
    private const int Many = 8;

    // Of each state: the byte that leads to it, its first child, its next sibling, how many bytes led to it, the state
    // of the longest shorter beginning, and the length of the longest pattern that ends here. Zero: none.
    private readonly byte[] _label;
    private readonly int[] _child;
    private readonly int[] _sibling;
    private readonly int[] _depth;
    private readonly int[] _fallback;
    private readonly int[] _found;

    // By the byte that leads there, of states that have too many to walk along.
    private readonly int[]?[] _manyChildren;

    private readonly byte[] _leap = new byte[65_536];
    private readonly int _window;
    private int _states = 1;

    /// <param name="patterns">At least one; each of two bytes or more.</param>
    public PatternSet(IReadOnlyCollection<byte[]> patterns)
    {
        var most = patterns.Sum(pattern => pattern.Length) + 1;
        (_label, _child, _sibling) = (new byte[most], new int[most], new int[most]);
        (_depth, _fallback, _found) = (new int[most], new int[most], new int[most]);
        _manyChildren = new int[]?[most];
        _manyChildren[Nothing] = new int[256];
        _window = Math.Min(LongestWindow, patterns.Min(pattern => pattern.Length));
        _leap.AsSpan().Fill((byte)(_window - 1));
        foreach (var pattern in patterns)
        {
            Add(pattern);
            ShortenLeaps(pattern);
        }

        LinkFallbacks();
    }

    /// <summary>How many of the last bytes may be the beginning of a pattern.</summary>
    public int Begun(int state) => _depth[state];

    /// <summary>The length of the longest pattern that ends with the last byte; zero for none.</summary>
    public int Found(int state) => _found[state];

    /// <summary>The state after one more byte.</summary>
    public int Next(int state, byte value)
    {
        int next;
        while ((next = Child(state, value)) == 0 && state != Nothing)
        {
            state = _fallback[state];
        }

        return next;
    }

    /// <summary>
    /// From <see cref="Nothing"/>, the first index from <paramref name="from"/> on at which a pattern may begin, as far
    /// as can be told without reading on.
    /// </summary>
    public int Leap(ReadOnlySpan<byte> text, int from)
    {
        var (leaps, last) = (_leap, from + _window - 1);
        while ((uint)last < (uint)text.Length && leaps[(text[last - 1] << 8) | text[last]] is > 0 and var leap)
        {
            last += leap;
        }

        return last - _window + 1;
    }

    private int Child(int state, byte value)
    {
        if (_manyChildren[state] is { } children)
        {
            return children[value];
        }

        var child = _child[state];
        while (child != 0 && _label[child] != value)
        {
            child = _sibling[child];
        }

        return child;
    }

    private void Add(byte[] pattern)
    {
        var state = Nothing;
        foreach (var value in pattern)
        {
            var child = Child(state, value);
            state = child != 0 ? child : AddChild(state, value);
        }

        _found[state] = pattern.Length;
    }

    private int AddChild(int state, byte value)
    {
        var child = _states++;
        _label[child] = value;
        _depth[child] = _depth[state] + 1;
        _sibling[child] = _child[state];
        _child[state] = child;
        if (_manyChildren[state] is { } children)
        {
            children[value] = child;
        }
        else if (ChildrenOf(state).Count() > Many)
        {
            children = _manyChildren[state] = new int[256];
            foreach (var one in ChildrenOf(state))
            {
                children[_label[one]] = one;
            }
        }

        return child;
    }

    private IEnumerable<int> ChildrenOf(int state)
    {
        for (var child = _child[state]; child != 0; child = _sibling[child])
        {
            yield return child;
        }
    }

    // How far the window may move when it ends with these two bytes.
    private void ShortenLeaps(byte[] pattern)
    {
        for (var i = 1; i < _window; i++)
        {
            ref var leap = ref _leap[(pattern[i - 1] << 8) | pattern[i]];
            leap = (byte)Math.Min(leap, _window - 1 - i);
        }
    }

    // By rising depth: what a state falls back to is linked before the state itself.
    private void LinkFallbacks()
    {
        var states = new Queue<int>([Nothing]);
        while (states.TryDequeue(out var state))
        {
            foreach (var child in ChildrenOf(state))
            {
                _fallback[child] = state == Nothing ? Nothing : Next(_fallback[state], _label[child]);
                _found[child] = _found[child] != 0 ? _found[child] : _found[_fallback[child]];
                states.Enqueue(child);
            }
        }
    }
}
