namespace Speed.Tests.Judge;

/// <summary>How one word is spelled, how one instruction is laid out, and what stands in front of it.</summary>
internal sealed partial class HostileWriter
{
    // Each part of the value in a disguise of its own; together they are the value again, if they are read right.
    private string Spell(string value, List<string> declarations)
    {
        var parts = Cut(value, _random.Next(4));
        return string.Concat(parts.Select(part => Disguise(part, declarations)));
    }

    private List<string> Cut(string value, int times)
    {
        var parts = new List<string> { value };
        for (; times > 0; times--)
        {
            var longest = parts.MaxBy(part => part.Length)!;
            if (longest.Length < 2)
            {
                break;
            }

            var place = parts.IndexOf(longest);
            var at = _random.Next(1, longest.Length);
            parts[place] = longest[..at];
            parts.Insert(place + 1, longest[at..]);
        }

        return parts;
    }

    private string Disguise(string part, List<string> declarations) => _random.Next(32) switch
    {
        0 => $"\"{part}\"",
        1 => $"'{part}'",
        2 => $"{_escape}{part}",
        3 => $"${{NEVER}}{part}",
        4 => $"{part}$NEVER",
        5 => $"${{NEVER:-{part}}}",
        6 => $"${{NEVER-{part}}}",
        7 => $"${{NEVER:+no}}{part}",
        8 => $"${{{Declare(part, declarations)}}}",
        9 => $"${{{Declare(part, declarations)}:-no}}",
        10 => $"${{{Declare("no", declarations)}:+{part}}}",
        11 => $"${{{Declare("y" + part, declarations)}#y}}",
        12 => $"${{{Declare(part + "y", declarations)}%y}}",
        13 => $"${{{Declare("Z" + part, declarations)}/Z/}}",
        14 => $"${{NEVER:-${{NEVER2:-{part}}}}}",
        15 => $"{part[..^1]}{_escape}{part[^1]}",
        16 when part.StartsWith("http", StringComparison.Ordinal) => "${SCHEME:-http}" + part[4..],
        17 => $"${{{Declare(part, declarations)}}}",
        18 => $"${Pick("@", "*", "#", "?", "-", "!", "0", "1", "é_")}{part}",
        19 => $"${{NEVER:-\"{part}\"}}",
        20 => $"${{NEVER:-'{part[..1]}'{part[1..]}}}",
        21 => $"${{NEVER:-{_escape}{part}}}",
        22 => $"\"${{{Declare(part, declarations)}}}\"",
        23 => $"${{{Declare("", declarations)}:-{part}}}",
        24 => $"${{{Declare("", declarations)}-no}}{part}",
        25 => $"{part}''\"\"",
        _ => part,
    };

    // Gives the name of a variable that has this value there.
    private string Declare(string value, List<string> declarations)
    {
        var name = $"{Pick("V", "v", "_V")}{_names++}";
        if (ReferenceEquals(declarations, _globals))
        {
            DeclareGlobal(name, value);
        }
        else if (Chance(13))
        {
            // Nobody has to declare it.
            _arguments["HTTP_PROXY"] = value;
            return "HTTP_PROXY";
        }
        else if (Chance(3))
        {
            DeclareElsewhere(name, value, declarations);
        }
        else
        {
            declarations.AddRange(DeclarationsOf(name, value));
        }

        return name;
    }

    // The value is given with the build, before the first FROM, or in the stage that this one stands on.
    private void DeclareElsewhere(string name, string value, List<string> declarations)
    {
        switch (_random.Next(4))
        {
            case 0:
                _globals.Add($"ARG {name}={value}");
                declarations.Add($"ARG {name}");
                break;
            case 1:
                _arguments[name] = value;
                declarations.Add($"ARG {name}{Pick("", "=no")}");
                break;
            case 2:
                _parent.Add($"ENV {name}={value}");
                break;
            default:
                _parent.Add($"ENV {name}={value}");
                declarations.Add($"ARG {name}=no");
                break;
        }
    }

    private string[] DeclarationsOf(string name, string value) => _random.Next(8) switch
    {
        0 => [$"ENV {name}_={value}", $"ENV {name}_=no {name}=${name}_"],
        1 => [$"ENV {name}={value}", $"ARG {name}=no"],
        2 => [$"ENV {name} {value}"],
        3 => [$"ENV {name}=\"{value}\""],
        4 => [$"ARG {name}_={value} {name}=${{{name}_}}"],
        5 => [$"ENV x=y\\ {name}=no", $"ENV {name}={value}", $"ENV x={name}=no"],
        6 => [$"ENV {_escape}\n# a remark\n {name}={value}"],
        _ => [$"{Case(Pick("ENV", "ARG"))} {name}={value}"],
    };

    private void DeclareGlobal(string name, string value)
    {
        switch (_random.Next(6))
        {
            case 5:
                _arguments["TARGETVARIANT"] = value;
                _globals.Add($"ARG {name}=$TARGETVARIANT");
                break;
            case 0:
                _arguments[name] = value;
                _globals.Add($"ARG {name}{Pick("", "=no")}");
                break;
            case 1:
                _globals.Add($"ARG {name}_={value}");
                _globals.Add($"ARG {name}=${{{name}_}}");
                break;
            case 2:
                _globals.Add($"ARG {name}=no");
                _globals.Add($"ARG {name}={value}");
                break;
            case 3:
                _globals.Add($"ARG {name}_=1 {name}=\"{value}\"");
                break;
            default:
                _globals.Add($"ARG {name}={value}");
                break;
        }
    }

    // Goes on on the next line somewhere, with what may stand in between.
    private string Continue(string instruction)
    {
        for (var times = _random.Next(5) - 2; times > 0; times--)
        {
            var at = _random.Next(1, instruction.Length);
            var end = Pick("", "", " ", "\t", " \t ");
            var between = Pick("", "", "", "\n", "# a remark\n", "  # a remark \\\n", "#\n\n", "\t\n");
            instruction = $"{instruction[..at]}{_escape}{end}\n{between}{instruction[at..]}";
        }

        return instruction;
    }

    // What may seem to take the next line along, and does not; or the other way round.
    private string Conceal() => _random.Next(26) switch
    {
        0 => $"LABEL a=b {_escape}\u00A0\n",
        1 => $"LABEL a=b {_escape}\f\n",
        2 => $"LABEL a=b {_escape}\v\n",
        3 => $"LABEL a=b {_escape}\u2003\n",
        4 => $"LABEL a=b{_escape}{_escape}\n",
        5 => $"LABEL a=b {_escape}{_escape}{_escape}\nc=d\n",
        6 => $"# a remark {_escape}\n",
        7 => "LABEL a=\"<<EOF\"\n",
        8 => "CMD cat <<EOF\n",
        9 => "ENTRYPOINT cat <<EOF\n",
        10 => "ENV X=<<EOF\n",
        11 => "ONBUILD RUN [\"x\", \"<<EOF\"]\n",
        12 => "ONBUILD RUN echo \"<<EOF\"\n",
        13 => "ONBUILD RUN echo '<<'EOF\n",
        14 => "ONBUILD RUN echo a<<EOF\n",
        15 => "ONBUILD RUN echo $((1 <<EOF\n",
        16 => "ONBUILD RUN <<EOF\nEOF\n",
        17 => "ONBUILD RUN <<-\"EOF\"\n\tEOF\n",
        18 => "ONBUILD RUN <<E\"O\"F\nEOF\n",
        19 => "ONBUILD RUN <<E\\OF\nEOF\n",
        20 => "ONBUILD RUN 3<<'LABEL a=1' cat\nLABEL b=1\nLABEL a=1\n",
        21 => "ONBUILD RUN <<\"LABEL a=1\"\nCOPY f /l\nLABEL a=1\n",
        22 => "ONBUILD RUN <<-'CMD x'\nCMD y\n\tCMD x\n",
        23 => "ONBUILD RUN <<$NEVER\n$NEVER\n",
        24 => "HEALTHCHECK CMD cat <<EOF\n",
        _ => "",
    };

    private string Noise() => _random.Next(8) switch
    {
        0 => "LABEL n=1",
        1 => "# nothing",
        2 => "ENV N=1",
        3 => "\n\n",
        4 => $"COPY {HostileDockerfile.File} /n",
        5 => "EXPOSE 80",
        _ => "",
    };
}
