using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Speed.Cli.Commands;

/// <summary>What can be said of a new deployment, and the members of the request that say it.</summary>
internal sealed class DeployOptions
{
    private readonly Option<string?> _branch =
        Asked.Text("--branch", "NAME", "A branch, or a tag; else the repository's default branch");
    private readonly Option<string?> _commit =
        Asked.Text("--commit", "ID", "A whole commit id; else the branch's head");
    private readonly Option<string?> _subdirectory =
        Asked.Text("--subdirectory", "PATH", "Of the repository: what is built; else all of it");
    private readonly Option<string?> _name = Asked.Text(
        "--name", "NAME", "Tells services of one repository, branch and subdirectory apart, such as worker");
    private readonly Option<string?> _dockerfile =
        Asked.Text("--dockerfile", "PATH", "Below the subdirectory; else Dockerfile");
    private readonly Option<string?> _target = Asked.Text("--target", "STAGE", "Of the Dockerfile; else the last one");
    private readonly Option<string[]> _buildArgs = Asked.Texts("--build-arg", "K=V", "An argument of the build");
    private readonly Option<string[]> _env = Asked.Texts("--env", "K=V", "A variable of the program");
    private readonly Option<string[]> _secrets =
        Asked.Texts("--secret", "NAME", "A secret that the program gets as a variable");
    private readonly Option<string[]> _ports = Asked.Texts(
        "--port", "[HOST:]PORT", "A port that the program listens on, and a fixed one here; else every exposed one");
    private readonly Option<string[]> _volumes =
        Asked.Texts("--volume", "NAME:PATH", "A folder of the program that outlives it");
    private readonly Option<string[]> _hosts =
        Asked.Texts("--host", "NAME", "A name under which the proxy finds the service");
    private readonly Option<string?> _kind = Asked.Text("--kind", "KIND", "auto, job or service; auto asks the image");
    private readonly Option<string?> _healthPath =
        Asked.Text("--health-path", "PATH", "Which answers by HTTP once the service is up");
    private readonly Option<string?> _healthHost = Asked.Text(
        "--health-host", "NAME", "Under which that path is asked; else the first --host, else the service's own name");
    private readonly Option<string?> _restart =
        Asked.Text("--restart", "RULE", "What follows an exit of a service: no, on-failure (unless given) or always");
    private readonly Option<string?> _onUnhealthy = Asked.Text(
        "--on-unhealthy", "RULE", "What follows where a service is no longer well: stay (unless given) or restart");
    private readonly Option<int?> _shm =
        new("--shm") { HelpName = "MB", Description = "Of /dev/shm; else 64" };
    private readonly Option<string[]> _capabilities = Asked.Texts(
        "--cap-add", "NAME", "A capability beside those that every program has, such as SYS_CHROOT; which ones is the operator's to say");
    private readonly Option<string?> _stopGrace = Asked.Text(
        "--stop-grace", "TIME", "Which the program has to end when it is asked to, such as 60s; else ten seconds");
    private readonly Option<string?> _ttl = Asked.Text("--ttl", "TIME", "How long a service lives: 90s, 30m, 2h, 7d");
    private readonly Option<string[]> _labels = Asked.Texts("--label", "K=V", "A word of your own about it");
    private readonly Option<string[]> _without = Asked.Texts(
        "--without", "MEMBER", "What the service had and is to give up: volumes, hosts, env, secrets, ports, health, restart, on_unhealthy, labels, resources, cap_add");
    private readonly Option<bool> _noInherit =
        new("--no-inherit") { Description = "Take nothing over from the service whose place it takes" };
    private readonly Option<bool> _clearCache = new("--clear-cache") { Description = "Build everything anew" };
    private readonly Option<bool> _submodules = new("--submodules") { Description = "Fetch submodules too" };

    public void AddTo(Command command) => command.Options.Add(
        _branch, _commit, _subdirectory, _name, _dockerfile, _target, _buildArgs, _env, _secrets, _ports, _volumes,
        _hosts, _kind, _healthPath, _healthHost, _restart, _onUnhealthy, _shm, _capabilities,
        _stopGrace, _ttl, _labels, _without, _noInherit, _clearCache, _submodules);

    /// <summary>
    /// The body of the request. What SPEED would not understand is refused here, the rest is SPEED's to judge.
    /// </summary>
    public JsonObject Read(ParseResult asked, string url)
    {
        var body = ReadGiven(asked, url);
        foreach (var member in asked.GetValue(_without) ?? [])
        {
            if (!body.TryAdd(member, Nothing(member)))
            {
                throw SpeedException.Refused($"--without {member}: it is given, too; leave out the one or the other.");
            }
        }

        return body;
    }

    private JsonObject ReadGiven(ParseResult asked, string url) => Asked.Body(
        ("url", url),
        ("branch", asked.GetValue(_branch)),
        ("commit", asked.GetValue(_commit)),
        ("subdirectory", asked.GetValue(_subdirectory)),
        ("name", asked.GetValue(_name)),
        ("dockerfile", asked.GetValue(_dockerfile)),
        ("target", asked.GetValue(_target)),
        ("build_args", Asked.Map(asked.GetValue(_buildArgs), "--build-arg")),
        ("env", Asked.Map(asked.GetValue(_env), "--env")),
        ("secrets", Asked.List(asked.GetValue(_secrets))),
        ("ports", Each(asked.GetValue(_ports), Port)),
        ("volumes", Each(asked.GetValue(_volumes), Volume)),
        ("hosts", Asked.List(asked.GetValue(_hosts))),
        ("kind", asked.GetValue(_kind)),
        ("health", Health(asked)),
        ("restart", asked.GetValue(_restart)),
        ("on_unhealthy", asked.GetValue(_onUnhealthy)),
        ("shm_mb", asked.GetValue(_shm)),
        ("cap_add", Asked.List(asked.GetValue(_capabilities))),
        ("stop_grace_s", Asked.Seconds(asked.GetValue(_stopGrace), "--stop-grace")),
        ("ttl_s", Asked.Seconds(asked.GetValue(_ttl), "--ttl")),
        ("labels", Asked.Map(asked.GetValue(_labels), "--label")),
        ("inherit", asked.GetValue(_noInherit) ? false : null),
        ("clear_cache", asked.GetValue(_clearCache) ? true : null),
        ("submodules", asked.GetValue(_submodules) ? true : null));

    private JsonObject? Health(ParseResult asked)
    {
        var (path, host) = (asked.GetValue(_healthPath), asked.GetValue(_healthHost));
        return path is null && host is null ? null : Asked.Body(("path", path), ("host", host));
    }

    // What is given as an empty one is not taken over.
    private static JsonNode Nothing(string member) => member switch
    {
        "volumes" or "hosts" or "secrets" or "ports" or "cap_add" => new JsonArray(),
        "env" or "health" or "labels" or "resources" => new JsonObject(),
        "restart" => "no",
        "on_unhealthy" => "stay",
        _ => throw SpeedException.Refused(
            $"--without {member}: give one of volumes, hosts, env, secrets, ports, health, restart, on_unhealthy, labels, resources, cap_add."),
    };

    private static JsonArray? Each(string[]? texts, Func<string, JsonNode> read) =>
        texts is { Length: > 0 } ? new JsonArray([.. texts.Select(read)]) : null;

    private static JsonObject Port(string text)
    {
        var sides = text.Split(':');
        if (sides.Length > 2 || !sides.All(IsPort))
        {
            throw SpeedException.Refused(
                $"--port {text}: give the program's port, such as 8080, or the one here in front of it, such as 80:8080.");
        }

        var ports = sides.Select(side => int.Parse(side, CultureInfo.InvariantCulture)).ToArray();
        // As docker has it: the host's first.
        return ports is [var host, var container]
            ? new JsonObject { ["container"] = container, ["host"] = host }
            : new JsonObject { ["container"] = ports[0] };
    }

    private static bool IsPort(string text) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    private static JsonObject Volume(string text) => text.Split(':', 2) is [{ Length: > 0 } name, { Length: > 0 } path]
        ? new JsonObject { ["name"] = name, ["path"] = path }
        : throw SpeedException.Refused(
            $"--volume {text}: give a name and a folder of the program, such as data:/data.");
}
