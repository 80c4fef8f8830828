using System.Globalization;
using Microsoft.Extensions.Configuration;
using Speed.Deployments;

namespace Speed.Security;

/// <summary>Who is let in.</summary>
public sealed class AccessSettings
{
    /// <summary>The cookie of the dashboard's session.</summary>
    public const string SessionCookie = "speed_session";

    /// <summary>The header in which the page sends the value that is good together with the cookie.</summary>
    public const string SessionHeader = "Speed-Session";

    private const int LeastAdminKeyLength = 32;

    private static readonly IdnMapping Idn = new();

    /// <summary>True unless <c>Speed__Auth</c> is <c>off</c>.</summary>
    public bool AreKeysRequired { get; init; } = true;

    /// <summary>The operator's own, 32 characters or more; null: the one in the data directory.</summary>
    public string? AdminKey { get; init; }

    /// <summary>Names that a <c>Host</c> header may carry beside those of this machine itself.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Starts that one caller may ask for in a minute; 120 unless set, 0 for no limit.</summary>
    public int StartsPerMinute { get; init; } = 120;

    /// <summary>Followed logs and events that one caller may have open at once; 1,000 unless set, 0 for no limit.</summary>
    public int StreamsPerToken { get; init; } = 1_000;

    /// <summary>
    /// Reads them from the section <c>Speed</c>. Throws
    /// <see cref="Microsoft.Extensions.Options.OptionsValidationException"/> with a sentence that names the setting.
    /// </summary>
    public static AccessSettings Read(IConfiguration configuration)
    {
        var reader = new SettingsReader(configuration.GetSection("Speed"));
        return new AccessSettings
        {
            AreKeysRequired = ReadAuth(reader),
            AdminKey = ReadAdminKey(reader),
            AllowedHosts = reader.List(nameof(AllowedHosts)) ?? [],
            StartsPerMinute = reader.Number(nameof(StartsPerMinute), 120, 0, 1_000_000),
            StreamsPerToken = reader.Number(nameof(StreamsPerToken), 1_000, 0, 1_000_000),
        };
    }

    /// <summary>
    /// True of a name among <see cref="AllowedHosts"/>, however either is spelled: in its own letters or as
    /// <c>xn--</c>, in upper case, with a dot at its end.
    /// </summary>
    public bool IsAllowedHost(string host) =>
        AllowedHosts.Any(allowed => IsSameHost(allowed, host));

    /// <summary>Whether two spellings mean one host.</summary>
    public static bool IsSameHost(string one, string other) => Plain(one) == Plain(other);

    private static string Plain(string host)
    {
        try
        {
            // In lower case first: the mapping itself takes the case of ASCII letters alone for none.
            return Idn.GetAscii(host.TrimEnd('.').ToLowerInvariant());
        }
        catch (ArgumentException)
        {
            // No name at all is like nothing but itself.
            return host.ToLowerInvariant();
        }
    }

    private static bool ReadAuth(SettingsReader reader) => reader.Text("Auth")?.ToLowerInvariant() switch
    {
        null or "required" => true,
        "off" => false,
        var other => throw reader.Unusable("Auth", $"must be required or off, not '{other}'."),
    };

    // The value is a key: the sentence does not repeat it.
    private static string? ReadAdminKey(SettingsReader reader)
    {
        var key = reader.Text(nameof(AdminKey));
        return key is null || (key.Length >= LeastAdminKeyLength && key.All(c => c is > ' ' and <= '~') && !IsOfTokens(key))
            ? key
            : throw reader.Unusable(
                nameof(AdminKey),
                $"must have {LeastAdminKeyLength} characters or more, printable ASCII without spaces, and not begin as a token of SPEED "
                + "does.");
    }

    // It would be looked up among them, and signs nobody in.
    private static bool IsOfTokens(string key) =>
        key.StartsWith(KeyText.TokenPrefix, StringComparison.Ordinal) || key.StartsWith(LeaderTokens.Prefix, StringComparison.Ordinal);
}
