using System.Globalization;
using System.Text;

namespace Speed.Tests.Judge;

/// <summary>
/// Writes Dockerfiles that want to have the engine fetch something from the host's own loopback, by an ADD, a FROM, a
/// COPY --from, a mount, a trigger, a Git address or a frontend, and hide it: behind variables, quotes, escapes, JSON,
/// continued lines, directives, stages and whatever else is read in more than one way. A seed always gives the same text.
/// </summary>
internal sealed partial class HostileWriter
{
    private readonly int _seed;
    private readonly Random _random;
    private readonly string _host;
    private readonly string _variables;
    private readonly string _trigger;

    private readonly List<string> _head = [];
    private readonly List<string> _globals = [];
    private readonly List<string> _parent = [];
    private readonly List<string> _stage = [];
    private readonly Dictionary<string, string> _arguments = [];
    private char _escape = '\\';
    private int _names;

    private HostileWriter(int seed, int port, string variables, string trigger)
    {
        (_seed, _random, _variables, _trigger) = (seed, new Random(seed), variables, trigger);
        _host = $"{Pick("127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1", "localhost", "0.0.0.0")}:{port}";
    }

    /// <param name="port">Of the listener.</param>
    /// <param name="variables">An image that sets SCHEME to <c>http</c> and DIR to <c>/</c>.</param>
    /// <param name="trigger">An image that has whoever stands on it ADD from <c>http://$WHERE/</c>.</param>
    public static HostileDockerfile Write(int seed, int port, string variables, string trigger) =>
        new HostileWriter(seed, port, variables, trigger).Write();

    private HostileDockerfile Write()
    {
        WriteHead();
        var text = _random.Next(100) switch
        {
            < 35 => Add($"http://{_host}/{Pick("secret", "a/b", "x?y=z", "x.tar")}"),
            < 42 => Add(Pick($"http://{_host}/r.git", $"git://{_host}/r", $"http://{_host}/r.git#main:sub", $"https://{_host}/x")),
            < 57 => From(),
            < 70 => CopyFrom(),
            < 78 => Mount(),
            < 86 => Triggered(),
            < 92 => Syntax(),
            _ => Add(HostileDockerfile.File),
        };
        var whole = string.Join('\n', [.. _head, text]) + Pick("\n", "\n", "\n", "");
        if (Chance(8))
        {
            whole = whole.Replace("\n", "\r\n", StringComparison.Ordinal);
        }

        return new HostileDockerfile(_seed, Encoding.UTF8.GetBytes((Chance(5) ? "\uFEFF" : "") + whole))
        {
            BuildArgs = _arguments,
            Target = Chance(12) ? Pick("x", "0", "1", "X") : null,
        };
    }

    // What stands first, and with it what joins lines.
    private void WriteHead()
    {
        var (lines, escape) = _random.Next(20) switch
        {
            0 => ("# escape=`", '`'),
            1 => ("#  EsCApe =  ` ", '`'),
            2 => (" # escape=`", '`'),
            3 => ("\n# escape=`", '\\'),
            4 => ("# nobody=knows\n# escape=`", '\\'),
            5 => ("# check=skip=all\n# escape=`", Pick('\\', '`')),
            6 => ("# a remark\n# escape=`", '\\'),
            7 => ("# escape=\\", '\\'),
            8 => ("# syntax=docker/dockerfile:1\n# escape=`", Pick('\\', '`')),
            9 => ("# escape=`\n# syntax=docker/dockerfile:1", Pick('\\', '`')),
            _ => ("", '\\'),
        };
        _escape = escape;
        if (lines.Length > 0)
        {
            _head.Add(lines);
        }
    }

    private string Add(string source)
    {
        var fetch = Instruction("ADD", [.. AnyFlags()], [Spell(source, _stage), Pick("/x", "/x/", ".")], canBeJson: true);
        return Pick(4) switch
        {
            0 => Stages(fetch),
            1 => $"{Text(_globals)}FROM scratch AS one\n{Text(_parent)}FROM one AS x\n{Text(_stage)}{Conceal()}{fetch}\n{Noise()}",
            2 => $"{Text(_globals)}FROM {_variables}\n{Text(_parent)}{Text(_stage)}{Conceal()}{fetch}\n{Noise()}",
            _ => $"{Text(_globals)}FROM scratch\n{Text(_parent)}{Noise()}\n{Text(_stage)}{Conceal()}{fetch}\n",
        };
    }

    // The stage that fetches is found by its name or number, or stands alone.
    private string Stages(string fetch)
    {
        var name = Pick("one", "two", "scratch", "busybox");
        var from = Pick(name, "0", name.ToUpperInvariant(), "+0");
        return $"{Text(_globals)}FROM scratch AS {name}\n{Text(_parent)}{Text(_stage)}{Conceal()}{fetch}\n"
            + $"FROM scratch\nCOPY --from={from} / /y\n{Noise()}";
    }

    private string From()
    {
        var image = $"{_host}/{Pick("img", "a/b", "img")}{Pick("", ":1", ":latest", $"@sha256:{new string('a', 64)}")}";
        var flags = Chance(4) ? "--platform=linux/amd64 " : "";
        var name = Pick("", "", $" {Pick("AS", "as", "aſ", "aS")} {Pick("x", "scratch", "busybox")}");
        var separator = Pick(" ", " ", "\t", "  ", "\f", "\v", "\r");
        var from = Continue($"{Case("FROM")}{separator}{flags}{Spell(image, _globals)}{name}");
        return Pick(3) switch
        {
            0 => $"{Text(_globals)}{from}\n{Noise()}\nLABEL a=1\n",
            1 => $"{Text(_globals)}FROM scratch AS one\n{Noise()}\n{Conceal()}{from}\nCOPY --from=one / /\n",
            _ => $"{Text(_globals)}{from}\nLABEL a=1\nFROM scratch\nCOPY --from={Pick("0", "x", "busybox")} / /x\n",
        };
    }

    private string CopyFrom()
    {
        var image = $"{_host}/img{Pick("", ":1")}";
        var flag = FlagOf("from", image);
        var copy = Instruction("COPY", [.. AnyFlags(), flag, .. AnyFlags()], ["/a", "/b"], canBeJson: true);
        var unused = Chance(8) ? $"FROM scratch AS {Pick("x", "y")}\nCOPY {HostileDockerfile.File} /\n" : "";
        return $"{Text(_globals)}{unused}FROM scratch\n{Text(_parent)}{Text(_stage)}{Conceal()}{copy}\n{Noise()}";
    }

    private string Mount()
    {
        var image = $"{_host}/img:1";
        var from = Pick("from", "FROM", "From", "fr\\om");
        var fields = Pick(
            $"type=bind,{from}={image},target=/m", $"{from}={image},target=/m", $"type=cache,target=/m,{from}={image}",
            $"\"{from}={image}\",target=/m", $"target=/m,\\\"{from}={image}\\\"", $"target=/m,\"{from}={Spell(image, _stage)}\"");
        var flag = Pick($"--mount={fields}", $"--mount='{fields}'", $"--mo\\unt={fields}", $"\"--mount={fields}\"");
        var run = Instruction("RUN", [flag], ["[\"x\"]"], canBeJson: false);
        return $"{Text(_globals)}FROM scratch\n{Text(_parent)}{Text(_stage)}{Conceal()}{run}\n{Noise()}";
    }

    private string Triggered()
    {
        if (Chance(3))
        {
            _arguments["WHERE"] = _host;
            return $"{Text(_globals)}FROM {_trigger}{Pick("", " AS x")}\n{Noise()}";
        }

        var held = Pick(
            $"ADD{Pick(" ", "\t", "  ")}{Spell($"http://{_host}/x", _stage)} /x",
            $"COPY {FlagOf("from", $"{_host}/img:1")} /a /x",
            $"ADD [\"{Json($"http://{_host}/x")}\", \"/x\"]");
        var trigger = Continue($"{Case("ONBUILD")}{Pick(" ", "\t", "  ")}{held}");
        return $"{Text(_globals)}FROM scratch AS one\n{Text(_parent)}{Text(_stage)}{Conceal()}{trigger}\n"
            + $"FROM {Pick("one", "one", "ONE")}\n{Noise()}";
    }

    private string Syntax()
    {
        var image = $"{_host}/front{Pick("", ":1")}";
        _head.Clear();
        var head = Pick(
            $"# syntax={image}", $"#syntax = {image} ", $"// syntax={image}", $"//syntax = {image}", $"# SynTax={image}",
            $"#!/usr/bin/x\n# syntax={image}", $"#!x\n//syntax={image}", $" # syntax={image}",
            $"# escape=`\n# syntax={image}", $"# check=skip=all\n# syntax={image}", $"# syntax={image} --with an option",
            $"{{\"syntax\": \"{Json(image)}\"}}", $"#syntax={image}\n#syntax=x", $"# nobody=knows\n# syntax={image}");
        return head[0] == '{' ? head : $"{head}\nFROM scratch\nCOPY {HostileDockerfile.File} /\n{Noise()}";
    }

    private IEnumerable<string> AnyFlags() => Chance(5)
        ? [Pick("--chown=1:1", "--chown=\"1\"", "--ch\\own=1", "--", "--chmod=600", "--link")]
        : [];

    private string FlagOf(string name, string value) => Pick(
        $"--{name}={value}", $"--{name}={value}", $"--{name}=\"{value}\"", $"--{name}='{value}'", $"\"--{name}={value}\"",
        $"--chown=1\u00e0--{name}={value}", $"--{name[..2]}\\{name[2..]}={value}", $"--{name}={value.Insert(3, "\\")}", $"--{name}={value.Insert(4, "\"\"")}",
        $"--\"{name}\"={value}", $"-\"-{name}={value}\"", $"--{name}={Spell(value, _stage)}", $"--{name}\\={value}");

    /// <summary>Puts it together, in words or as JSON.</summary>
    private string Instruction(string keyword, string[] flags, string[] words, bool canBeJson)
    {
        var separator = Pick(" ", " ", " ", "\t", "  ", "\f", "\v", " \t", "\r");
        var rest = canBeJson && Chance(4)
            ? $"{Pick("", " ", "\t")}[{string.Join(Pick(",", ", ", " , "), words.Select(word => $"\"{Json(word)}\""))}]{Pick("", "", " ", " x", "]")}"
            : canBeJson && Chance(10)
                ? $"{Pick("x\\\" ", "[x ", "\"x ")}{string.Join(separator, words)}{Pick("", " \\\"", " \"")}"
                : string.Join(separator, words);
        var indentation = Pick("", "", "", "", " ", "\t", "\u00A0", "\u2003", "\u0085", "\v");
        return indentation + Continue(string.Join(separator, [Case(keyword), .. flags, rest]));
    }

    private string Case(string keyword) => Pick(
        keyword, keyword, keyword.ToLowerInvariant(), keyword[..1] + keyword[1..].ToLowerInvariant());

    // Letters as JSON may have them.
    private string Json(string text) => string.Concat(text.Select(letter => letter switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '/' when Chance(4) => "\\/",
        _ when Chance(8) => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}"),
        _ => letter.ToString(),
    }));

    private static string Text(List<string> lines) => string.Concat(lines.Select(line => line + "\n"));

    private bool Chance(int oneIn) => _random.Next(oneIn) == 0;

    private int Pick(int count) => _random.Next(count);

    private T Pick<T>(params T[] choices) => choices[_random.Next(choices.Length)];
}
