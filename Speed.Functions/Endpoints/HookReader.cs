using System.Text.Json;
using Speed.Deployments;
using Speed.Hooks;

namespace Speed.Endpoints;

/// <summary>Reads a hook that is about to be kept.</summary>
public sealed class HookReader(OptionsReader options, TimeProvider time)
{
    private const int MaxNameLength = 64;
    private const int LeastSecretLength = 16;
    private const int MaxSecretLength = 256;
    private const int MaxGlobs = 100;
    private const int MaxGlobLength = 1_024;

    private static readonly Dictionary<string, Forge> Forges =
        Enum.GetValues<Forge>().ToDictionary(forge => forge.ToString().ToLowerInvariant());

    /// <summary>
    /// The hook, and the secret if one was given; or the refusal.
    /// </summary>
    /// <param name="name">From the path; null where it stands in the body.</param>
    internal async Task<(Hook? Hook, string? Secret, Refusal? Refusal)> ReadAsync(
        Body body, string? name, CancellationToken cancellationToken)
    {
        var fields = body.Fields;
        fields.AllowOnly([.. name is null ? ["name"] : Array.Empty<string>(),
            "forge", "url", "branches", "paths", "repos", "secret", "options"]);
        name ??= ReadName(fields);
        var (forge, url) = (ReadForge(fields), options.ReadUrl(fields));
        var branches = ReadBranches(fields);
        var paths = ReadPatterns(fields, "paths", HookPattern.OfPaths, fields.List("paths", MaxGlobs, MaxGlobLength));
        var repos = PatternReader.Read(fields, "repos");
        var secret = ReadSecret(fields);
        var (how, asked) = (fields.Object("options"), fields.Find("options")?.GetRawText() ?? "{}");
        OptionsReader.RefuseUnknown(how);
        var resolved = options.ReadFor(url, how);
        if ((body.Refusal ?? await FindFaultAsync(resolved, cancellationToken)) is { } refusal)
        {
            return (null, null, refusal);
        }

        return (new Hook(name, forge, url, branches, paths, asked, time.GetUtcNow()) { Repos = repos }, secret, null);
    }

    /// <summary>What a delivery to the hook asks for; or why that cannot be had now, in a sentence.</summary>
    internal (DeploymentOptions? Asked, string? Fault) Resolve(Hook hook, Decision.Start start)
    {
        var members = JsonElement.Parse(hook.Options).EnumerateObject().ToDictionary(one => one.Name, one => (object)one.Value);
        members["url"] = hook.Url;
        members["branch"] = start.Branch;
        members["commit"] = start.Commit;
        var errors = new List<FieldError>();
        var asked = options.Read(new Fields(JsonSerializer.SerializeToElement(members), "", errors), branchRequired: true);
        return errors.Count == 0 ? (asked, null) : (null, errors[0].Detail);
    }

    private static string ReadName(Fields fields)
    {
        var name = fields.RequireText("name", "name is missing: it stands in the address that the forge calls.");
        if (name.Length > MaxNameLength
            || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-')
            || (name.Length > 0 && !char.IsAsciiLetterOrDigit(name[0])))
        {
            fields.Refuse(
                "name",
                $"must have 1 to {MaxNameLength} letters, digits, '_', '.' and '-', and begin with a letter or digit.");
        }

        return name;
    }

    private static Forge ReadForge(Fields fields)
    {
        var words = string.Join(", ", Forges.Keys);
        var word = fields.RequireText("forge", $"forge is missing: give one of {words}.");
        if (Forges.TryGetValue(word, out var forge) || word.Length == 0)
        {
            return forge;
        }

        fields.Refuse("forge", $"must be one of {words} (gitea for Forgejo too).");
        return default;
    }

    private static IReadOnlyList<string> ReadBranches(Fields fields)
    {
        var given = fields.List("branches", MaxGlobs, MaxGlobLength);
        if (given.Count == 0 && fields.Find("branches") is null or { ValueKind: JsonValueKind.Array })
        {
            fields.RefuseWith("branches", "branches is missing: say which, such as [\"main\"], or [\"*\"] for all.");
        }

        return ReadPatterns(fields, "branches", HookPattern.OfBranches, given);
    }

    private static IReadOnlyList<string> ReadPatterns(
        Fields fields, string name, HookPattern kind, IReadOnlyList<string> given)
    {
        var (patterns, fault) = kind.Read(given);
        if (fault is not null)
        {
            fields.Refuse(name, fault);
        }

        return patterns;
    }

    // Of its own words nothing is repeated. It has to fit into a header.
    private static string? ReadSecret(Fields fields)
    {
        var secret = fields.Text("secret", MaxSecretLength);
        if (secret is not null && (secret.Length < LeastSecretLength || !secret.All(c => c is > ' ' and <= '~')))
        {
            fields.Refuse(
                "secret",
                $"must have {LeastSecretLength} to {MaxSecretLength} characters, printable ASCII without spaces; left out, "
                + "one is made.");
        }

        return secret;
    }

    // Which branch, each push says: of a port that its repository's services have had, the delivery judges.
    private async Task<Refusal?> FindFaultAsync(DeploymentOptions resolved, CancellationToken cancellationToken) =>
        (await options.FindSecretFaultAsync(resolved, tellsOfOthers: true, cancellationToken)
            ?? await options.FindPortFaultAsync(resolved, inAnyBranch: true, cancellationToken)) is { } refusal
            ? Refusal.BadFields([.. refusal.Errors.Select(error => error with { At = "/options" + error.At })])
            : null;
}
