using System.Text;

namespace Speed.Dockerfiles;

/// <summary>
/// Takes quotes off and puts values in the place of variables: moby/buildkit, frontend/dockerfile/shell/lex.go.
/// </summary>
internal sealed class Lexer(char escape)
{
    // The engine has no such limit; nobody writes that deep.
    private const int MaxDepth = 50;

    private string _text = "";
    private int _at;
    private int _depth;
    private bool _keepsEscapes;
    private StringBuilder _word = new();

    /// <summary>What a name stands for.</summary>
    public Func<string, Variable> Values { get; init; } = _ => Variable.Unset;

    public bool KeepsQuotes { get; init; }

    public bool KeepsEscapes { get; init; }

    /// <summary>A variable without a value stays as it is written.</summary>
    public bool KeepsUnset { get; init; }

    /// <summary>
    /// Blanks behind <c>&lt;&lt;</c> belong to its word; and the words within braces take away what stood before them, as
    /// both share one buffer.
    /// </summary>
    public bool TakesBlanksAfterSigns { get; init; }

    /// <summary>
    /// <c>${name-word}</c> and <c>${name+word}</c>, since v0.12, and patterns, since v0.13, are no fault.
    /// </summary>
    public bool KnowsLateForms { get; init; } = true;

    /// <summary>Why the text cannot be read; null where it can.</summary>
    public string? Fault { get; private set; }

    /// <summary>The name that <see cref="Fault"/> is about, where the text wants a value for it; else null.</summary>
    public string? Required { get; private set; }

    /// <summary>True where the result hangs on what nobody knows before the build.</summary>
    public bool IsUnknown { get; private set; }

    /// <summary>The names that were met and stand for nothing.</summary>
    public List<string> Unset { get; } = [];

    /// <summary>The result cut at white space outside of quotes.</summary>
    public IReadOnlyList<string> Words { get; private set; } = [];

    /// <summary>Null where it cannot be read.</summary>
    public string? Expand(string text)
    {
        // text/scanner of Go passes over a byte order mark at the start.
        (_text, _at) = (text, text is ['\uFEFF', ..] ? 1 : 0);
        (var result, Words) = ReadUntil(null, KeepsEscapes);
        return Fault is null ? result : null;
    }

    // lex.go, processStopOn. Takes the stop with it.
    private (string Result, IReadOnlyList<string> Words) ReadUntil(char? stop, bool keepsEscapes)
    {
        var result = new StringBuilder();
        var outer = (_keepsEscapes, _word);
        _keepsEscapes = keepsEscapes;
        _word = TakesBlanksAfterSigns ? _word.Clear() : new StringBuilder();
        var words = new WordList(_word);
        while (Fault is null && _at < _text.Length && _text[_at] != stop)
        {
            var (start, current) = (_at, _text[_at]);
            var piece = ReadPiece(current);
            result.Append(piece);
            words.Add(piece, cuts: current == '$' || (piece.Length == 1 && _at == start + 1 && current != '<'));
        }

        if (stop is not null && Fault is null && _at >= _text.Length)
        {
            Fault = $"unexpected end of statement while looking for matching {stop}";
        }

        _at++;
        words.End();
        (_keepsEscapes, _word) = outer;
        return (result.ToString(), words.Words);
    }

    private string ReadPiece(char first) => first switch
    {
        '\'' => ReadSingleQuoted(),
        '"' => ReadDoubleQuoted(),
        '$' => ReadVariable(),
        '<' when TakesBlanksAfterSigns => ReadSigns(),
        _ => ReadPlain(),
    };

    private string ReadPlain()
    {
        var current = _text[_at++];
        if (current != escape)
        {
            return current.ToString();
        }

        if (_at == _text.Length)
        {
            return _keepsEscapes ? current.ToString() : "";
        }

        return _keepsEscapes ? $"{current}{_text[_at++]}" : _text[_at++].ToString();
    }

    private string ReadSingleQuoted()
    {
        var end = _text.IndexOf('\'', _at + 1);
        if (end < 0)
        {
            Fault = "unexpected end of statement while looking for matching single-quote";
            return "";
        }

        var inside = _text[(_at + 1)..end];
        _at = end + 1;
        return KeepsQuotes ? $"'{inside}'" : inside;
    }

    private string ReadDoubleQuoted()
    {
        var result = new StringBuilder(KeepsQuotes ? "\"" : "");
        for (_at++; Fault is null && _at < _text.Length;)
        {
            var current = _text[_at];
            if (current == '$')
            {
                result.Append(ReadVariable());
                continue;
            }

            _at++;
            if (current == '"')
            {
                return result.Append(KeepsQuotes ? "\"" : "").ToString();
            }

            if (current == escape)
            {
                result.Append(_keepsEscapes ? current.ToString() : "");
                if (_at == _text.Length)
                {
                    continue;
                }

                // Others keep their escape character.
                current = _text[_at] is '"' or '$' || _text[_at] == escape ? _text[_at++] : current;
            }

            result.Append(current);
        }

        Fault ??= "unexpected end of statement while looking for matching double-quote";
        return "";
    }

    // lex.go, processPossibleHeredoc.
    private string ReadSigns()
    {
        var start = _at++;
        if (_at < _text.Length && _text[_at] == '<')
        {
            _at++;
            while (_at < _text.Length && _text[_at] is '\t' or '\r' or ' ')
            {
                _at++;
            }
        }

        return _text[start.._at];
    }

    // lex.go, processDollar.
    private string ReadVariable()
    {
        _at++;
        if (_at >= _text.Length || _text[_at] != '{')
        {
            var plain = ReadName();
            return plain.Length == 0 ? "$" : ValueOf(plain, $"${plain}");
        }

        _at++;
        if (_at >= _text.Length || _text[_at] is '{' or '}' or ':')
        {
            Fault = _at >= _text.Length ? "syntax error: missing '}'" : "syntax error: bad substitution";
            return "";
        }

        var name = ReadName();
        if (_at < _text.Length && _text[_at] == '}')
        {
            _at++;
            return ValueOf(name, $"${{{name}}}");
        }

        return ReadModified(name);
    }

    private string ReadModified(string name)
    {
        var start = _at;
        if (_at < _text.Length && _text[_at] == ':')
        {
            _at++;
        }

        var modifier = _at < _text.Length ? _text[_at++] : '}';
        var written = _text[start..Math.Min(_at, _text.Length)];
        var isKnown = modifier == '?' || (modifier is '-' or '+' && (KnowsLateForms || written.Length == 2))
            || (modifier is '#' or '%' or '/' && KnowsLateForms);
        if (!isKnown || ++_depth > MaxDepth)
        {
            Fault = _depth > MaxDepth ? "braces within braces, too deep" : $"unsupported modifier ({written}) in substitution";
            return "";
        }

        var word = modifier == '/' ? ReadReplacement() : ReadUntil('}', modifier is '#' or '%').Result;
        _depth--;
        var variable = Values(name);
        if (KeepsUnset && !variable.IsSet && !variable.IsUnknown)
        {
            return $"${{{name}{written}{word}}}";
        }

        return Choose(name, variable, written, word);
    }

    // What is looked for, a slash, and what comes in its place.
    private string ReadReplacement()
    {
        _at += _at < _text.Length && _text[_at] == '/' ? 1 : 0;
        var (pattern, _) = ReadUntil('/', keepsEscapes: true);
        return Fault is null ? $"{pattern}/{ReadUntil('}', keepsEscapes: true).Result}" : "";
    }

    private string Choose(string name, Variable variable, string written, string word)
    {
        // What patterns give is not worked out: an image or a source that hangs on it is refused.
        if (variable.IsUnknown || written[^1] is '#' or '%' or '/')
        {
            IsUnknown = true;
            return "";
        }

        var isThere = variable.IsSet && (written.Length == 1 || variable.Value!.Length > 0);
        switch (written[^1])
        {
            case '-':
                return isThere ? variable.Value! : word;
            case '+':
                return isThere ? word : "";
            default:
                Fault = isThere ? null : $"{name}: {(word.Length > 0 ? word : "is not allowed to be unset")}";
                Required = isThere ? null : name;
                return variable.Value ?? "";
        }
    }

    private string ValueOf(string name, string written)
    {
        var variable = Values(name);
        IsUnknown |= variable.IsUnknown;
        if (!variable.IsUnknown && string.IsNullOrEmpty(variable.Value))
        {
            Unset.Add(name);
        }

        return variable.Value ?? (KeepsUnset && !variable.IsUnknown ? written : "");
    }

    // lex.go, processName: digits alone, one of the shell's special characters, or letters, digits and underscores.
    private string ReadName()
    {
        var start = _at;
        if (_at < _text.Length && _text[_at] is '@' or '*' or '#' or '?' or '-' or '$' or '!')
        {
            return _text[_at++].ToString();
        }

        var onlyDigits = _at < _text.Length && char.IsAsciiDigit(_text[_at]);
        while (_at < _text.Length
            && (onlyDigits ? char.IsAsciiDigit(_text[_at]) : char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] == '_'))
        {
            _at++;
        }

        // Which of them are letters hangs on the version of Unicode.
        IsUnknown |= _at < _text.Length && !char.IsAscii(_text[_at]);
        return _text[start.._at];
    }

    /// <summary>The words so far, and the one that is being read: lex.go, wordsStruct.</summary>
    private sealed class WordList(StringBuilder word)
    {
        private bool _inWord;

        public List<string> Words { get; } = [];

        /// <param name="cuts">White space in it ends a word.</param>
        public void Add(string piece, bool cuts)
        {
            if (!cuts)
            {
                word.Append(piece);
                _inWord = true;
                return;
            }

            foreach (var one in piece)
            {
                if (!char.IsWhiteSpace(one))
                {
                    word.Append(one);
                    _inWord = true;
                }
                else if (_inWord)
                {
                    End();
                }
            }
        }

        public void End()
        {
            if (word.Length > 0)
            {
                Words.Add(word.ToString());
                word.Clear();
                _inWord = false;
            }
        }
    }
}

/// <summary>What is known of a variable.</summary>
/// <param name="Value">Null where it has none, or nobody knows it.</param>
internal readonly record struct Variable(string? Value, bool IsUnknown)
{
    public static readonly Variable Unset = new(null, false);

    public static readonly Variable Unknown = new(null, true);

    public bool IsSet => Value is not null;
}
