using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Speed.Deployments;

/// <summary>Whom SPEED may tell, and what it calls itself there.</summary>
public sealed class NotifySettings
{
    private static readonly Dictionary<string, Forge> Known = new()
    {
        ["github.com"] = Forge.Github,
        ["gitlab.com"] = Forge.Gitlab,
        ["bitbucket.org"] = Forge.Bitbucket,
        ["codeberg.org"] = Forge.Gitea,
        ["gitea.com"] = Forge.Gitea,
    };

    /// <summary>Where people reach this SPEED, without a slash at the end; null: messages have no link.</summary>
    public string? PublicUrl { get; set; }

    /// <summary>Receivers that may have an address that is not public, and http. None unless set.</summary>
    public HostList AllowedHosts { get; set; } = new([]);

    /// <summary>The same of forges: <c>Speed:Git:AllowedHosts</c>.</summary>
    public HostList AllowedGitHosts { get; set; } = new([]);

    /// <summary>False: no commit statuses, whatever secrets there are. True unless set.</summary>
    public bool CommitStatuses { get; set; } = true;

    /// <summary>Forges beside those that everybody knows, by host and port. None unless set.</summary>
    public IReadOnlyList<((string Host, int? Port) Host, Forge Forge)> Forges { get; set; } = [];

    /// <summary>
    /// Reads them from the section <c>Speed</c>. Throws <see cref="OptionsValidationException"/> with a sentence that
    /// names the setting.
    /// </summary>
    public static NotifySettings Read(IConfiguration configuration)
    {
        var reader = new SettingsReader(configuration.GetSection("Speed"));
        var notify = reader.Within("Notify");
        return new NotifySettings
        {
            PublicUrl = ReadPublicUrl(reader),
            AllowedHosts = ReadHosts(notify),
            AllowedGitHosts = new HostList(reader.Within("Git").List("AllowedHosts") ?? []),
            CommitStatuses = notify.Text("CommitStatus")?.ToLowerInvariant() switch
            {
                null or "true" => true,
                "false" => false,
                var other => throw notify.Unusable("CommitStatus", $"must be true or false, not '{other}'."),
            },
            Forges = [.. (notify.List("Forges") ?? []).Select(entry => ReadForge(entry, notify))],
        };
    }

    /// <summary>
    /// What is wrong with a receiver's address, in a sentence without it; null if nothing is. Names are judged by their
    /// addresses when they are connected to.
    /// </summary>
    public string? FindUrlFault(string url)
    {
        if (RepositoryUrl.FindFault(url, ["https", "http"]) is { } fault)
        {
            return fault;
        }

        var address = RepositoryUrl.Parse(url);
        return !Uri.TryCreate(url, UriKind.Absolute, out _) ? "The url must have the form https://host/path."
            : AllowedHosts.Names(address) ? null
            : address.Scheme != "https" ? $"The url must begin with https://, unless {ByTheOperator(address)}."
            : address.Literal is { } literal && !PublicAddress.Is(literal)
                ? $"The url's host is not a public address: it is told nothing, unless {ByTheOperator(address)}."
                : null;
    }

    /// <summary>Which kind of forge a repository lives on; null where that is not known.</summary>
    public Forge? ForgeOf(RepositoryAddress repository)
    {
        foreach (var ((host, port), forge) in Forges)
        {
            if (host == repository.Host && (port ?? repository.RealPort) == repository.RealPort)
            {
                return forge;
            }
        }

        return Known.TryGetValue(repository.Host, out var known) ? known : null;
    }

    /// <summary>
    /// Where people see a deployment, or how SPEED itself fares where there is none; null where no address of this SPEED
    /// is known.
    /// </summary>
    public string? LinkTo(long? id) => PublicUrl is null ? null
        : id is null ? $"{PublicUrl}/#/doctor"
        : FormattableString.Invariant($"{PublicUrl}/#/deployments/{id}");

    private static string ByTheOperator(RepositoryAddress address) =>
        $"the operator names `{address.Host}` in Speed__Notify__AllowedHosts";

    private static string? ReadPublicUrl(SettingsReader reader)
    {
        var url = reader.Text(nameof(PublicUrl));
        return url is null || RepositoryUrl.FindFault(url, ["https", "http"]) is null
            ? url?.TrimEnd('/')
            : throw reader.Unusable(nameof(PublicUrl), "must be an address such as https://speed.example.com.");
    }

    private static HostList ReadHosts(SettingsReader notify)
    {
        var hosts = notify.List(nameof(AllowedHosts)) ?? [];
        return hosts.FirstOrDefault(host => HostList.Parse(host) is null) is { } wrong
            ? throw notify.Unusable(nameof(AllowedHosts), $"has '{wrong}'; it takes host or host:port.")
            : new HostList(hosts);
    }

    private static ((string Host, int? Port) Host, Forge Forge) ReadForge(string entry, SettingsReader notify) =>
        entry.Split('=') is [var host, var kind]
        && HostList.Parse(host) is { } parsed
        && Enum.TryParse<Forge>(kind, ignoreCase: true, out var forge) && Enum.IsDefined(forge)
            ? (parsed, forge)
            : throw notify.Unusable(
                nameof(Forges), $"has '{entry}'; it takes host=kind, where kind is github, gitlab, gitea or bitbucket.");
}
