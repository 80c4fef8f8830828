using System.Globalization;
using System.Net;

namespace Speed.Proxy;

/// <summary>
/// Status and fields of a service's answer. Read as other proxies do where servers are careless (a line feed alone, no
/// reason, a folded line), and refused where two readers could see two ends.
/// </summary>
/// <param name="Reason">May be empty.</param>
/// <param name="Fields">In their order, byte for byte as Latin-1, but for control characters, which are blanks.</param>
internal sealed record AnswerHead(
    Version Version, int Status, string Reason, IReadOnlyList<(string Name, string Value)> Fields)
{
    private const string Prefix = "HTTP/1.";
    private const int StatusAt = 9;
    private const int MostFields = 5_000;
    private const int MostFolds = 100;

    public bool IsChunked => Tokens("Transfer-Encoding") is [.., var last] && last.Equals("chunked", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a body's end is said by its coding, whatever its length says.</summary>
    public bool IsCoded => Tokens("Transfer-Encoding").Exists(coding => !coding.Equals("identity", StringComparison.OrdinalIgnoreCase));

    /// <summary>Null where none is said. Throws <see cref="InvalidDataException"/> where several are.</summary>
    public long? Length
    {
        get
        {
            var said = Tokens("Content-Length", StringSplitOptions.TrimEntries).Distinct().ToList();
            return said switch
            {
                [] => null,
                [var one] when long.TryParse(one, NumberStyles.None, CultureInfo.InvariantCulture, out var length) => length,
                _ => throw new InvalidDataException($"Content-Length is '{string.Join(", ", said)}'."),
            };
        }
    }

    /// <summary>Whether the service takes a further request on this connection.</summary>
    public bool StaysOpen =>
        !Says("Connection", "close") && (Version == HttpVersion.Version11 || Says("Connection", "keep-alive"));

    /// <summary>Null where the connection ended before the first byte. Throws <see cref="InvalidDataException"/>.</summary>
    public static async Task<AnswerHead?> ReadAsync(ServiceConnection connection, int most, CancellationToken cancellationToken)
    {
        if (await connection.ReadLineAsync(most, cancellationToken) is not { } first)
        {
            return null;
        }

        var (version, status, reason) = ReadFirst(first);
        return new AnswerHead(version, status, reason, await ReadFieldsAsync(connection, most - first.Length, cancellationToken));
    }

    /// <summary>Fields up to the empty line, of a head or behind a chunked body.</summary>
    public static async Task<IReadOnlyList<(string Name, string Value)>> ReadFieldsAsync(
        ServiceConnection connection, int most, CancellationToken cancellationToken)
    {
        var fields = new List<(string Name, string Value)>();
        var folds = 0;
        while (true)
        {
            var line = await connection.ReadLineAsync(Math.Max(most, 0), cancellationToken) ?? throw new EndOfStreamException();
            if (line.Length == 0)
            {
                return fields;
            }

            most -= line.Length + 1;
            if (fields.Count > MostFields || folds > MostFolds)
            {
                throw new InvalidDataException($"The head has more than {MostFields} fields, or {MostFolds} folded lines.");
            }

            if (line[0] is ' ' or '\t' && fields.Count > 0)
            {
                // Each costs as much as all before it of its field.
                folds++;
                fields[^1] = (fields[^1].Name, $"{fields[^1].Value} {Value(line)}".Trim());
            }
            else if (line.IndexOf(':') is > 0 and var colon)
            {
                fields.Add((line[..colon].TrimEnd(), Value(line[(colon + 1)..])));
            }
            else
            {
                throw new InvalidDataException("A line of the head has no name.");
            }
        }
    }

    private static (Version Version, int Status, string Reason) ReadFirst(string line)
    {
        if (!line.StartsWith(Prefix, StringComparison.Ordinal) || line.Length < StatusAt + 3 || line[StatusAt - 1] != ' '
            || line[Prefix.Length] is not ('0' or '1')
            || !int.TryParse(line.AsSpan(StatusAt, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var status) || status < 100
            || (line.Length > StatusAt + 3 && line[StatusAt + 3] != ' '))
        {
            throw new InvalidDataException("The first line of the answer is no status of HTTP/1.");
        }

        var version = line[Prefix.Length] == '1' ? HttpVersion.Version11 : HttpVersion.Version10;
        return (version, status, Value(line[(StatusAt + 3)..]));
    }

    // RFC 9110, 5.5: what goes on has no control characters.
    private static string Value(string text)
    {
        var trimmed = text.Trim(' ', '\t');
        return trimmed.Any(IsControl) ? string.Concat(trimmed.Select(c => IsControl(c) ? ' ' : c)).Trim(' ') : trimmed;
    }

    private static bool IsControl(char c) => c is < ' ' and not '\t' or '\x7f';

    // RFC 9110, 5.6.1: empty elements of a list count for nothing.
    private List<string> Tokens(
        string name, StringSplitOptions split = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) =>
    [
        .. Fields.Where(field => field.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            .SelectMany(field => field.Value.Split(',', split)),
    ];

    private bool Says(string name, string token) => Tokens(name).Contains(token, StringComparer.OrdinalIgnoreCase);
}
