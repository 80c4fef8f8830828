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
    private const int FirstChild = 256;

    // Of each state: the byte that leads to it, its first child, its next sibling, how many bytes led to it, the state
    // of the longest shorter beginning, and the length of the longest pattern that ends here. Zero: none.
    private byte[] _label;
    private int[] _child;
    private int[] _sibling;
    private int[] _depth;
    private int[] _fallback;
    private int[] _found;

    // Of states that have too many children to walk along: by the byte that leads there, and then the first one. Their
    // _child is the complement of the index here.
    private readonly List<int[]> _manyChildren = [new int[FirstChild + 1]];

    private readonly byte[] _leap = new byte[65_536];
    private readonly int _window;
    private int _states = 1;

    /// <param name="patterns">At least one; each of two bytes or more.</param>
    public PatternSet(IReadOnlyCollection<byte[]> patterns)
    {
        (_label, _child, _sibling, _depth, _fallback, _found) = ([], [], [], [], [], []);
        MakeRoom(1_024);
        _child[Nothing] = ~0;
        Longest = patterns.Max(pattern => pattern.Length);
        _window = Math.Min(LongestWindow, patterns.Min(pattern => pattern.Length));
        _leap.AsSpan().Fill((byte)(_window - 1));
        foreach (var pattern in patterns)
        {
            Add(pattern);
            ShortenLeaps(pattern);
        }

        MakeRoom(_states);
        LinkFallbacks();
    }

    /// <summary>The length of the longest pattern.</summary>
    public int Longest { get; }

    /// <summary>How much memory it takes, about, in bytes.</summary>
    public long Size => (21L * _states) + (4L * (FirstChild + 1) * _manyChildren.Count) + _leap.Length;

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
        var child = _child[state];
        if (child < 0)
        {
            return _manyChildren[~child][value];
        }

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
        if (_states == _label.Length)
        {
            MakeRoom(2 * _states);
        }

        var child = _states++;
        _label[child] = value;
        _depth[child] = _depth[state] + 1;
        _sibling[child] = FirstOf(state);
        if (_child[state] is < 0 and var many)
        {
            (_manyChildren[~many][value], _manyChildren[~many][FirstChild]) = (child, child);
            return child;
        }

        _child[state] = child;
        if (ChildrenOf(state).Count() > Many)
        {
            var children = new int[FirstChild + 1];
            foreach (var one in ChildrenOf(state))
            {
                children[_label[one]] = one;
            }

            children[FirstChild] = child;
            _child[state] = ~_manyChildren.Count;
            _manyChildren.Add(children);
        }

        return child;
    }

    private void MakeRoom(int states)
    {
        Array.Resize(ref _label, states);
        Array.Resize(ref _child, states);
        Array.Resize(ref _sibling, states);
        Array.Resize(ref _depth, states);
        Array.Resize(ref _fallback, states);
        Array.Resize(ref _found, states);
    }

    private int FirstOf(int state) => _child[state] is < 0 and var many ? _manyChildren[~many][FirstChild] : _child[state];

    private IEnumerable<int> ChildrenOf(int state)
    {
        for (var child = FirstOf(state); child != 0; child = _sibling[child])
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
