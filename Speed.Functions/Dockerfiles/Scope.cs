using System.Buffers;
using System.Collections.Immutable;

namespace Speed.Dockerfiles;

/// <summary>The variables at one place of a stage.</summary>
/// <remarks>
/// To BuildKit ENV and ARG are one: what comes last counts, and a stage that stands on another has both. To the legacy
/// builder an ENV hides an ARG of its name wherever it stands, and an ARG ends with its stage (moby/moby,
/// builder/dockerfile/evaluator.go, dispatch).
/// </remarks>
internal sealed class Scope
{
    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private readonly Builder _builder;
    private ImmutableDictionary<string, string?> _environment;
    private ImmutableDictionary<string, string?> _values;
    private bool _isAnyUnknown;

    private Scope(
        Builder builder, ImmutableDictionary<string, string?> environment, ImmutableDictionary<string, string?> values)
    {
        (_builder, _environment, _values) = (builder, environment, values);
    }

    public static Scope Empty(Builder builder) => new(builder, NoValues, NoValues);

    /// <summary>That of a stage which begins with an image. Both builders see to it that there is a PATH.</summary>
    public static Scope Of(Builder builder, IReadOnlyDictionary<string, string> environment)
    {
        var values = NoValues.SetItem("PATH", DefaultPath)
            .SetItems(environment.Select(pair => KeyValuePair.Create<string, string?>(pair.Key, pair.Value)));
        return new Scope(builder, values, builder == Builder.BuildKit ? values : NoValues);
    }

    /// <summary>That of a stage which stands on this one's. An ENV counts more again than an ARG that came behind it.</summary>
    public Scope Inherit() => new(
        _builder, _environment, _builder == Builder.BuildKit ? _values.SetItems(_environment) : NoValues)
    {
        _isAnyUnknown = _isAnyUnknown,
    };

    public Variable Get(string name)
    {
        if (_isAnyUnknown)
        {
            return Variable.Unknown;
        }

        if (_builder == Builder.Legacy && _environment.TryGetValue(name, out var first))
        {
            return Of(first);
        }

        return _values.TryGetValue(name, out var value) ? Of(value) : Variable.Unset;
    }

    /// <param name="value">Null where nobody knows it.</param>
    public void SetEnvironment(string name, string? value)
    {
        _environment = _environment.SetItem(name, value);
        if (_builder == Builder.BuildKit)
        {
            _values = _values.SetItem(name, value);
        }
    }

    /// <param name="value">Null where nobody knows it.</param>
    public void SetArgument(string name, string? value) => _values = _values.SetItem(name, value);

    public void UnsetArgument(string name) => _values = _values.Remove(name);

    /// <summary>Something got a value, and nobody knows what.</summary>
    public void LoseTrack() => _isAnyUnknown = true;

    /// <summary>True for a name that means itself: of others builders take off quotes, and put in variables.</summary>
    public static bool IsPlain(string name) => !name.AsSpan().ContainsAny(Meaningful);

    private static readonly SearchValues<char> Meaningful = SearchValues.Create("$'\"\\`\uFEFF");

    private static Variable Of(string? value) => value is null ? Variable.Unknown : new Variable(value, false);

    private static ImmutableDictionary<string, string?> NoValues => ImmutableDictionary<string, string?>.Empty;
}
