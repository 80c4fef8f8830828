using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Docker.DotNet.Models;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>Which registries an image may come from, and who we are there.</summary>
internal sealed class RegistryRules(IReadOnlyList<string> allowed)
{
    /// <summary>
    /// Repository and tag; the tag is the digest where there is one, and <c>latest</c> where there is
    /// neither.
    /// </summary>
    public static (string Repository, string Tag) Split(string name)
    {
        if (name.IndexOf('@', StringComparison.Ordinal) is >= 0 and var at)
        {
            return (name[..at], name[(at + 1)..]);
        }

        var colon = name.LastIndexOf(':');
        return colon > name.LastIndexOf('/') ? (name[..colon], name[(colon + 1)..]) : (name, "latest");
    }

    /// <summary>Null if the image's registry may be asked; else why not.</summary>
    public async Task<string?> FindFaultAsync(string image, CancellationToken cancellationToken)
    {
        var registry = RegistryOf(image);
        if (registry is null || allowed.Contains(registry, StringComparer.OrdinalIgnoreCase))
        {
            return null;
        }

        try
        {
            var host = new Uri($"http://{registry}").DnsSafeHost;
            var addresses = await Dns.GetHostAddressesAsync(host, cancellationToken);
            return addresses.All(PublicAddress.Is)
                ? null
                : $"its registry {registry} has a private address: the operator may add it to "
                    + "Speed__Docker__AllowedRegistries";
        }
        catch (Exception exception) when (exception is SocketException or UriFormatException)
        {
            return $"its registry {registry} cannot be found";
        }
    }

    /// <summary>
    /// The secret whose glob matches the image's registry, or registry and repository; else what the operator's Docker
    /// configuration holds as a plain login. Null for neither.
    /// </summary>
    public static AuthConfig? FindLogin(string image, IReadOnlyList<Credential> logins)
    {
        var registry = RegistryOf(image) ?? "docker.io";
        var login = logins.FirstOrDefault(one => one.Matches(registry) || one.Matches(Full(registry, image)));
        return login is null
            ? FindOperatorsLogin(image)
            : new AuthConfig { Username = login.Username ?? "token", Password = login.Value, ServerAddress = registry };
    }

    private static string Full(string registry, string image)
    {
        var repository = Split(image).Repository;
        return repository.StartsWith(registry + "/", StringComparison.Ordinal) ? repository : $"{registry}/{repository}";
    }

    private static AuthConfig? FindOperatorsLogin(string image)
    {
        var directory = Environment.GetEnvironmentVariable("DOCKER_CONFIG")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".docker");
        var file = Path.Combine(directory, "config.json");
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllText(file));
            var key = RegistryOf(image) ?? "https://index.docker.io/v1/";
            return json.RootElement.TryGetProperty("auths", out var auths)
                && auths.TryGetProperty(key, out var login)
                && login.TryGetProperty("auth", out var auth)
                    ? Decode(auth.GetString() ?? "", key)
                    : null;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception exception) when (
            exception is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            // Without its login a private image would seem not to exist.
            throw new DeploymentFailedException(
                FailureCode.BaseImageUnavailable,
                $"The operator's Docker configuration {file}, which may hold the login for `{image}`, could not be read: "
                + exception.Message,
                "The operator corrects that file, or removes it.",
                inner: exception);
        }
    }

    /// <summary>
    /// Null for Docker Hub. As Docker tells a host from a name: it has a dot or a colon, or is localhost.
    /// </summary>
    internal static string? RegistryOf(string image)
    {
        var first = image.Split('/')[0];
        var isHost = image.Contains('/', StringComparison.Ordinal)
            && (first.AsSpan().ContainsAny('.', ':') || first == "localhost");
        return isHost && first is not ("docker.io" or "index.docker.io") ? first : null;
    }

    private static AuthConfig? Decode(string auth, string server)
    {
        Span<byte> bytes = new byte[auth.Length];
        return Convert.TryFromBase64String(auth, bytes, out var length)
            && Encoding.UTF8.GetString(bytes[..length]).Split(':', 2) is [var user, var password]
                ? new AuthConfig { Username = user, Password = password, ServerAddress = server }
                : null;
    }
}
