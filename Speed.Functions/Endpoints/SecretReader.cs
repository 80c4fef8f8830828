using System.Text;
using System.Text.Json;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>Reads a secret that is about to be kept.</summary>
internal static class SecretReader
{
    private const int MaxNameLength = 128;
    private const int MaxValueBytes = 64 * 1024;
    private const int MaxUsernameLength = 256;

    /// <summary>What cannot be used is added to the fields' errors: look there before using what was read.</summary>
    /// <param name="name">From the path.</param>
    public static (SecretInfo Secret, string Value) Read(string name, Fields fields)
    {
        fields.AllowOnly("value", "use", "repos", "username", "deployers");
        var use = ReadUse(fields);
        RefuseName(name, use, fields);
        var secret = new SecretInfo(name, use, ReadRepos(use, fields), ReadUsername(use, fields))
        {
            Deployers = PatternReader.Read(fields, "deployers"),
        };
        return (secret, ReadValue(fields));
    }

    private static SecretUse ReadUse(Fields fields)
    {
        const string Words = "use is missing: give run, git or registry.";
        switch (fields.RequireText("use", Words))
        {
            case "git":
                return SecretUse.Git;
            case "registry":
                return SecretUse.Registry;
            case "run" or "":
                return SecretUse.Run;
            default:
                fields.Refuse("use", "must be run, git or registry.");
                return SecretUse.Run;
        }
    }

    private static void RefuseName(string name, SecretUse use, Fields fields)
    {
        if (name.Length > MaxNameLength)
        {
            fields.Refuse("name", $"is too long: at most {MaxNameLength} characters are allowed.");
        }
        else if (use != SecretUse.Run && !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-'))
        {
            fields.Refuse("name", "must consist of letters, digits, '_', '.' and '-'.");
        }
        else if (use == SecretUse.Run && !OptionsReader.IsVariableName(name))
        {
            fields.Refuse("name", "must be that of a variable: letters, digits and '_', not beginning with a digit.");
        }
        else if (use == SecretUse.Run && name.StartsWith("SPEED_", StringComparison.Ordinal))
        {
            fields.Refuse("name", "must not begin with SPEED_: those names are SPEED's own.");
        }
    }

    private static IReadOnlyList<string> ReadRepos(SecretUse use, Fields fields)
    {
        if (use != SecretUse.Run && IsEmpty(fields.Find("repos")))
        {
            fields.Refuse("repos", "is missing: say where it may be used, such as [\"github.com/owner/*\"].");
        }

        return PatternReader.Read(fields, "repos");
    }

    private static bool IsEmpty(JsonElement? list) =>
        list is null || (list is { ValueKind: JsonValueKind.Array } items && items.GetArrayLength() == 0);

    private static string? ReadUsername(SecretUse use, Fields fields)
    {
        var username = fields.Text("username", MaxUsernameLength);
        if (username is not null && use == SecretUse.Run)
        {
            fields.Refuse("username", "is for git and registry: leave it out.");
        }
        else if (username is "" || username?.Contains(':') == true)
        {
            fields.Refuse("username", "must not be empty, and have no colon.");
        }

        return username;
    }

    // Of its own words nothing is repeated: it is a value that nobody may read.
    private static string ReadValue(Fields fields)
    {
        var value = fields.RequireText("value", "value is missing: give the secret.");
        if (value.Length is > 0 and < SecretForms.LeastLength)
        {
            fields.Refuse("value", $"is too short to be masked: give at least {SecretForms.LeastLength} characters.");
        }
        else if (Encoding.UTF8.GetByteCount(value) > MaxValueBytes)
        {
            fields.Refuse("value", "is too long: at most 64 KiB are allowed.");
        }

        return value;
    }
}
