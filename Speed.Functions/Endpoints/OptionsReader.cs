using Microsoft.Extensions.Options;
using Speed.Deployments;

namespace Speed.Endpoints;

/// <summary>Reads what a request asks of a new deployment, and fills in the operator's defaults.</summary>
public sealed partial class OptionsReader(IOptions<DeploymentSettings> settings, ISecrets secrets, FixedPorts fixedPorts)
{
    private const int MaxPathLength = 1_024;
    private const int MaxNameLength = 30;
    private const int MaxTextLength = 512 * 1024;
    private const int MaxVariables = 1_000;
    private const int MaxVariableLength = 128 * 1024;
    private const int MaxLabels = 64;
    private const int MaxLabelLength = 256;

    /// <summary>What cannot be used is added to the fields' errors: look there before using the options.</summary>
    internal DeploymentOptions Read(Fields fields, bool branchRequired)
    {
        var url = ReadUrl(fields);
        var (branch, commit) = (ReadBranch(fields, branchRequired), ReadCommit(fields));
        return ReadHow(fields, url) with { Branch = branch, Commit = commit };
    }

    /// <summary>The same of options that do not say what is deployed: a hook's.</summary>
    internal DeploymentOptions ReadFor(string url, Fields fields)
    {
        foreach (var name in (ReadOnlySpan<string>)["url", "branch", "commit"])
        {
            if (fields.Has(name))
            {
                fields.Refuse(name, "is told by the hook and each push: leave it out.");
            }
        }

        return ReadHow(fields, url);
    }

    internal string ReadUrl(Fields fields)
    {
        var url = fields.RequireText(
            "url", "url is missing: give the repository's address, such as https://github.com/owner/repository.git");
        if (url.Length > 0 && RepositoryIdentity.FindFault(url, Settings.AllowedSchemes) is { } fault)
        {
            fields.RefuseWith("url", fault);
        }

        return url;
    }

    private DeploymentOptions ReadHow(Fields fields, string url)
    {
        var ports = ReadPorts(fields);
        return new DeploymentOptions
        {
            Url = url,
            Subdirectory = ReadPath(fields, "subdirectory", "."),
            Name = ReadName(fields),
            Dockerfile = ReadPath(fields, "dockerfile", "Dockerfile"),
            DockerfileText = fields.Text("dockerfile_text", MaxTextLength),
            Target = ReadTarget(fields),
            BuildArgs = ReadVariables(fields, "build_args"),
            Submodules = fields.Flag("submodules") ?? false,
            ClearCache = fields.Flag("clear_cache") ?? false,
            Env = ReadVariables(fields, "env"),
            Secrets = ReadSecrets(fields),
            Command = fields.List("command", MaxVariables, MaxVariableLength),
            Network = ReadNetwork(fields),
            Init = fields.Flag("init"),
            Kind = ReadKind(fields),
            Ports = ports,
            Volumes = ReadVolumes(fields),
            Health = ReadHealth(fields, ports),
            TtlSeconds = ReadTtl(fields),
            Restart = ReadRestart(fields),
            OnUnhealthy = ReadOnUnhealthy(fields),
            Hosts = ReadHosts(fields),
            ShmMb = ReadShm(fields),
            CapAdd = ReadCapabilities(fields),
            StopGraceSeconds = ReadStopGrace(fields),
            Timeouts = ReadTimeouts(fields.Object("timeouts")),
            BuildResources = ReadBuildResources(fields.Object("build_resources")),
            Resources = ReadResources(fields.Object("resources")),
            Labels = ReadLabels(fields),
            Inherit = fields.Flag("inherit") ?? true,
            Given = [.. Inheritance.Members.Where(fields.Has)],
        };
    }

    private static string? ReadBranch(Fields fields, bool required)
    {
        var branch = required || fields.Has("branch")
            ? fields.RequireText("branch", "branch is missing: give the name of a branch or tag, such as main.")
            : null;
        if (branch is { Length: > 0 } && BranchName.FindFault(branch) is { } fault)
        {
            fields.RefuseWith("branch", $"branch cannot be used: {fault}");
        }

        return branch;
    }

    private static string? ReadCommit(Fields fields)
    {
        var commit = fields.Text("commit", 64);
        if (commit is not (null or { Length: 40 or 64 }) || commit?.All(char.IsAsciiHexDigit) == false)
        {
            fields.Refuse("commit", "must be a whole commit id: 40 or 64 hexadecimal digits.");
        }

        return commit?.ToLowerInvariant();
    }

    private static string ReadName(Fields fields)
    {
        var name = fields.Text("name", MaxNameLength) ?? "";
        if (name.Length > 0 && !ServiceNameText().IsMatch(name))
        {
            fields.Refuse(
                "name", "must be empty, or 1 to 30 lower-case letters, digits and '-' with a letter or digit at both ends, such as worker.");
        }

        return name;
    }

    // Dots and empty segments are taken out; what would leave the repository is refused.
    private static string ReadPath(Fields fields, string name, string missing)
    {
        var path = fields.Text(name, MaxPathLength) ?? missing;
        var segments = path.Split('/').Where(segment => segment is not ("" or ".")).ToArray();
        if (path.Length == 0 || path.StartsWith('/') || path.Contains('\\') || segments.Contains(".."))
        {
            fields.Refuse(name, "must be a path inside the repository, with '/' between its parts and without '..'.");
        }
        else if (segments.Length == 0 && missing != ".")
        {
            fields.Refuse(name, "must name a file.");
        }

        return segments.Length == 0 ? "." : string.Join('/', segments);
    }

    private static string? ReadTarget(Fields fields)
    {
        var target = fields.Text("target", 128);
        if (target?.Length == 0 || target?.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-') == false)
        {
            fields.Refuse("target", "must name a stage of the Dockerfile: letters, digits, '.', '_' and '-'.");
        }

        return target;
    }

    private static ContainerNetwork ReadNetwork(Fields fields)
    {
        var network = fields.Text("network", 16);
        if (network is not (null or "bridge" or "none"))
        {
            fields.Refuse("network", "must be bridge or none.");
        }

        return network == "none" ? ContainerNetwork.None : ContainerNetwork.Bridge;
    }

    private static SortedDictionary<string, string> ReadVariables(Fields fields, string name)
    {
        var variables = fields.Map(name, MaxVariables, MaxVariableLength);
        var members = fields.Object(name);
        foreach (var variable in variables.Keys)
        {
            if (variable.Length == 0 || variable.AsSpan().ContainsAny('=', '\0'))
            {
                members.Refuse(variable, "must have a name, and that neither '=' nor U+0000.");
            }
            else if (variable.StartsWith("SPEED_", StringComparison.Ordinal))
            {
                members.Refuse(variable, "must not begin with SPEED_: those names are SPEED's own.");
            }
        }

        return variables;
    }

    /// <summary>Of a secret: what each program can read. Others may be named as Docker lets them.</summary>
    internal static bool IsVariableName(string name) =>
        name.Length > 0
        && !char.IsAsciiDigit(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    private static SortedDictionary<string, string> ReadLabels(Fields fields)
    {
        var labels = fields.Map("labels", MaxLabels, MaxLabelLength);
        foreach (var label in labels.Keys.Where(label => label.Length is 0 or > MaxLabelLength))
        {
            fields.Object("labels").Refuse(label, $"must be named by 1 to {MaxLabelLength} characters.");
        }

        return labels;
    }
}
