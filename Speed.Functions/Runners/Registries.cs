using System.Text;
using System.Text.Json;
using Docker.DotNet;
using Docker.DotNet.Models;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>Asks registries for images, through the engine, which knows their certificates and mirrors.</summary>
internal sealed class Registries(DockerConnection docker, RegistryRules rules, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Whether its registry lets us have an image that the engine has.</summary>
    public Task<RegistryAnswer> AskAsync(
        ImageReference image, IReadOnlyList<Credential> logins, CancellationToken cancellationToken) =>
        AskAsync(image, logins, login => AskAsync(image, login, cancellationToken), cancellationToken);

    /// <summary>Has the engine get an image, which it may have by then or not.</summary>
    /// <param name="platform">Null: the engine's own.</param>
    public Task<RegistryAnswer> PullAsync(
        ImageReference image, string? platform, IReadOnlyList<Credential> logins, CancellationToken cancellationToken) =>
        AskAsync(image, logins, login => PullAsync(image, platform, login, cancellationToken), cancellationToken);

    // Without the login of a configuration that cannot be read most images are to be had all the same.
    private async Task<RegistryAnswer> AskAsync(
        ImageReference image, IReadOnlyList<Credential> logins, Func<AuthConfig?, Task<RegistryAnswer>> ask,
        CancellationToken cancellationToken)
    {
        if (await rules.FindFaultAsync(image, cancellationToken) is { } fault)
        {
            return fault;
        }

        var login = rules.FindLogin(image, logins);
        var answer = (await ask(login.Auth)) with
        {
            HadLogin = login.Auth is not null,
            IsForEverybody = login.Auth is null,
        };
        return answer is { IsYes: false, IsSilence: false } && login.Fault is { } unread
            ? answer with { Reason = $"{answer.Reason} ({unread})" }
            : answer;
    }

    private async Task<RegistryAnswer> AskAsync(
        ImageReference image, AuthConfig? login, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/distribution/{image.Name}/json");
        if (login is not null)
        {
            request.Headers.Add("X-Registry-Auth", Header(login));
        }

        try
        {
            using var answer = await docker.SendAsync(request, limited.Token);
            var body = await answer.Content.ReadAsStringAsync(limited.Token);
            if (answer.IsSuccessStatusCode)
            {
                return RegistryAnswer.Yes with { Digest = DigestIn(body) };
            }

            // On its way down an engine fails what it is asked with any words.
            var reason = EngineAnswers.MessageIn(body) ?? $"HTTP {(int)answer.StatusCode}";
            return (int)answer.StatusCode < 500 || await docker.TakesConnectionsAsync(cancellationToken)
                ? RegistryAnswer.Of(reason)
                : throw docker.Unavailable(new HttpRequestException(reason));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return RegistryAnswer.Silence($"it did not answer in {Patience.TotalSeconds:0} seconds");
        }
        catch (Exception exception) when (DockerConnection.IsLost(exception))
        {
            throw docker.Unavailable(exception);
        }
    }

    private async Task<RegistryAnswer> PullAsync(
        ImageReference image, string? platform, AuthConfig? login, CancellationToken cancellationToken)
    {
        var parameters = new ImagesCreateParameters
        {
            FromImage = image.Repository,
            Tag = image.Digest ?? image.Tag,
            Platform = platform,
        };
        var errors = new Errors();
        try
        {
            await docker.AskAsync(client => client.Images.CreateImageAsync(parameters, login, errors, cancellationToken));
            return errors.Last is { } error ? RegistryAnswer.Of(error) : RegistryAnswer.Yes;
        }
        catch (DockerApiException exception)
        {
            return RegistryAnswer.Of(exception.Reason);
        }
    }

    private static string? DigestIn(string body)
    {
        using var json = JsonDocument.Parse(body);
        return json.RootElement.TryGetProperty("Descriptor", out var descriptor)
            && descriptor.TryGetProperty("digest", out var digest)
                ? digest.GetString()
                : null;
    }

    private static string Header(AuthConfig login) => Convert.ToBase64String(
            Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new
            {
                username = login.Username,
                password = login.Password,
                serveraddress = login.ServerAddress,
            })))
        .Replace('+', '-')
        .Replace('/', '_');

    // Progress<T> would report out of order, and after the end.
    private sealed class Errors : IProgress<JSONMessage>
    {
        public string? Last { get; private set; }

        public void Report(JSONMessage value) => Last = value.Error?.Message ?? Last;
    }
}
