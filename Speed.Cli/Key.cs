using System.Net;

namespace Speed.Cli;

/// <summary>
/// The key that SPEED is shown, and where it came from. Keys are never arguments: others can read those.
/// </summary>
/// <param name="Value">Null: none is sent.</param>
/// <param name="Origin">What it is and where it stood; where there is none, the sentence that says so.</param>
internal sealed record Key(string? Value, string Origin)
{
    private const string AdminKey = "admin.key";

    /// <summary>A sentence, told where SPEED does not take it.</summary>
    public string Sent => Value is null ? Origin : $"{char.ToUpperInvariant(Origin[0])}{Origin[1..]} was sent.";

    /// <summary>
    /// The one in <paramref name="file"/>, else the one in SPEED_TOKEN, else the admin key of the data directory; that
    /// one opens everything, and is for a SPEED on this machine only.
    /// </summary>
    public static Key Find(Uri server, string? file, Terminal terminal)
    {
        if (file is not null)
        {
            return new Key(Check(ReadGiven(file), file), $"the token in {file}");
        }

        if (terminal.Find("SPEED_TOKEN") is { } token)
        {
            return new Key(Check(token, "SPEED_TOKEN"), "the token in SPEED_TOKEN");
        }

        return IsLoopback(server)
            ? FindAdminKey(Path.Combine(DataDirectory(terminal), AdminKey))
            : new Key(
                null, $"No token was sent: SPEED_TOKEN is not set, and {AdminKey} is for a SPEED on this machine only.");
    }

    /// <summary>By its name, which no DNS may have a say in.</summary>
    internal static bool IsLoopback(Uri server) =>
        server.IdnHost.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(server.IdnHost, out var address) && IPAddress.IsLoopback(address));

    private static Key FindAdminKey(string path)
    {
        try
        {
            return new Key(Check(File.ReadAllText(path), path), $"the admin key in {path}");
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            return new Key(null, $"No token was sent: SPEED_TOKEN is not set, and there is no {path}.");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return new Key(
                null, $"No token was sent: SPEED_TOKEN is not set, and {path} cannot be read: {fault.Message}");
        }
    }

    private static string ReadGiven(string path)
    {
        if (path.Length == 0)
        {
            throw SpeedException.Refused("--token-file names no file.");
        }

        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SpeedException($"The token cannot be read: {fault.Message}", ExitCode.Refused, fault);
        }
    }

    private static string Check(string text, string origin) =>
        text.Trim() is { Length: > 0 } token && token.All(c => c is > ' ' and <= '~')
            ? token
            : throw SpeedException.Refused($"{origin} holds no token: put one line into it, as it was given.");

    /// <summary>Of the SPEED on this machine.</summary>
    internal static string DataDirectory(Terminal terminal) =>
        terminal.Find("Speed__DataDirectory") ?? Path.Combine(
            Environment.GetFolderPath(
                Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
            "speed");
}
