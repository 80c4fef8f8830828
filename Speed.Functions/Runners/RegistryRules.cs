using System.Net;
using System.Text;
using System.Text.Json;
using Docker.DotNet.Models;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>Which registries an image may come from, and who we are there.</summary>
/// <param name="allowed">Registries that may have an address that is not public.</param>
/// <param name="resolve">The system's unless given.</param>
/// <param name="logins">The operator's Docker configuration; the one that <c>docker login</c> writes unless given.</param>
internal sealed class RegistryRules(
    IReadOnlyList<string> allowed, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null,
    string? logins = null)
{
    private readonly string _logins = logins ?? Path.Combine(
        Environment.GetEnvironmentVariable("DOCKER_CONFIG")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".docker"),
        "config.json");

    /// <summary>Null if the image's registry may be asked; else why not, or that nobody knows where it is.</summary>
    public async Task<RegistryAnswer?> FindFaultAsync(ImageReference image, CancellationToken cancellationToken)
    {
        if (image.IsOnHub || allowed.Contains(image.Registry, StringComparer.OrdinalIgnoreCase))
        {
            return null;
        }

        var addresses = await HostAddresses.FindAsync(
            image.Host, resolve ?? Dns.GetHostAddressesAsync, cancellationToken);
        return addresses is null
                ? RegistryAnswer.Silence($"no address of its registry {image.Registry} is known to DNS")
            : addresses.All(PublicAddress.Is)
                ? null
            : new RegistryAnswer(
                $"its registry {image.Registry} has a private address: the operator may add it to "
                + "Speed__Docker__AllowedRegistries");
    }

    /// <summary>
    /// The first secret whose glob matches the image's registry, or registry and repository; else what the operator's
    /// Docker configuration holds as a plain login.
    /// </summary>
    public RegistryLogin FindLogin(ImageReference image, IReadOnlyList<Credential> secrets)
    {
        var login = secrets.FirstOrDefault(one =>
            one.Matches(image.Registry) || one.Matches(image.Repository) || one.Matches(image.FamiliarRepository));
        return login is null
            ? FindOperatorsLogin(image)
            : new RegistryLogin(new AuthConfig
            {
                Username = login.Username ?? "token",
                Password = login.Value,
                ServerAddress = image.Registry,
            });
    }

    private RegistryLogin FindOperatorsLogin(ImageReference image)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllText(_logins));
            var key = image.IsOnHub ? "https://index.docker.io/v1/" : image.Registry;
            return json.RootElement.TryGetProperty("auths", out var auths)
                && auths.TryGetProperty(key, out var login)
                && login.TryGetProperty("auth", out var auth)
                    ? new RegistryLogin(Decode(auth.GetString() ?? "", key))
                    : RegistryLogin.None;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return RegistryLogin.None;
        }
        catch (Exception exception) when (
            exception is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            return new RegistryLogin(
                null, $"the operator's Docker configuration {_logins} could not be read, which may hold a login: {exception.Message}");
        }
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

/// <summary>Who we are at a registry.</summary>
/// <param name="Auth">Null for nobody.</param>
/// <param name="Fault">Why there may be a login that is not known here; null where there is none such.</param>
internal sealed record RegistryLogin(AuthConfig? Auth, string? Fault = null)
{
    public static RegistryLogin None { get; } = new(Auth: null);
}
