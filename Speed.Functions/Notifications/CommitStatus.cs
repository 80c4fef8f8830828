using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Speed.Deployments;

namespace Speed.Notifications;

/// <summary>What one deployment says of its commit at the forge that the commit is from.</summary>
internal sealed class CommitStatus(
    Forge forge, RepositoryAddress repository, DeploymentSummary deployment, NotificationEvent happened, string? link)
{
    private const string Name = "speed";

    private readonly string _path = PathOf(repository);
    private readonly bool _succeeded = happened is NotificationEvent.Succeeded or NotificationEvent.Up
        || HasServed(deployment.Failure?.Code);

    /// <summary>
    /// Where its API is: of GitHub's and Bitbucket's own hosts a host of its own, else the repository's. Over http only
    /// where the repository is.
    /// </summary>
    private string Api => (forge, repository.Host) switch
    {
        (Forge.Github, "github.com") => "https://api.github.com",
        (Forge.Github, _) => Origin + "/api/v3",
        (Forge.Gitlab, _) => Origin + "/api/v4",
        (Forge.Gitea, _) => Origin + "/api/v1",
        (_, "bitbucket.org") => "https://api.bitbucket.org/2.0",
        _ => Origin + "/2.0",
    };

    /// <summary>True where the API is on the host that the repository is on.</summary>
    public bool IsAtItsRepository => Api.StartsWith(Origin + "/", StringComparison.Ordinal);

    // An address of ssh says nothing of the port of the API.
    private string Origin => repository.IsHttp
        ? repository.Origin
        : (repository with { Scheme = "https", Port = null }).Origin;

    /// <summary>Why it cannot be set, in a sentence; null if it can.</summary>
    /// <param name="mayBePrivate">The operator named the repository's host.</param>
    public string? FindFault(bool mayBePrivate)
    {
        if (Api.StartsWith("http://", StringComparison.Ordinal) && !mayBePrivate)
        {
            return "A login does not travel over http, unless the operator names the host in Speed__Git__AllowedHosts.";
        }

        var parts = _path.Split('/');
        return parts.Length == 2 || (forge == Forge.Gitlab && parts.Length > 2)
            ? parts.Any(part => part is "" or "." or "..") ? NoRepository() : null
            : NoRepository();
    }

    public HttpRequestMessage ToRequest(Credential login)
    {
        var (path, body) = forge switch
        {
            Forge.Github => ($"/repos/{Escaped}/statuses/{deployment.Commit}", GitHubBody(140)),
            Forge.Gitea => ($"/repos/{Escaped}/statuses/{deployment.Commit}", GitHubBody(255)),
            Forge.Gitlab => ($"/projects/{Uri.EscapeDataString(_path)}/statuses/{deployment.Commit}", GitLabBody()),
            _ => ($"/repositories/{Escaped}/commit/{deployment.Commit}/statuses/build", BitbucketBody()),
        };
        var request = StandardMessage.Request(Api + path, JsonSerializer.SerializeToUtf8Bytes(body));
        request.Headers.Authorization = Authorization(login);
        if (forge == Forge.Github)
        {
            request.Headers.Accept.ParseAdd("application/vnd.github+json");
            request.Headers.Add("X-GitHub-Api-Version", "2022-11-28");
        }

        return request;
    }

    private string Escaped => string.Join('/', _path.Split('/').Select(Uri.EscapeDataString));

    private string NoRepository() => $"`{_path}` is no repository of this forge.";

    // The platform's faults are not the commit's.
    private JsonObject GitHubBody(int most) => With("target_url", link, new JsonObject
    {
        ["state"] = happened switch
        {
            _ when _succeeded => "success",
            NotificationEvent.Failed when !IsPlatforms => "failure",
            NotificationEvent.Failed or NotificationEvent.Canceled => "error",
            _ => "pending",
        },
        ["context"] = Name,
        ["description"] = ChatMessage.Cut(Description, most),
    });

    private JsonObject GitLabBody() => With("target_url", link, new JsonObject
    {
        ["state"] = happened switch
        {
            _ when _succeeded => "success",
            NotificationEvent.Failed => "failed",
            NotificationEvent.Canceled => "canceled",
            _ => "pending",
        },
        ["name"] = Name,
        ["description"] = ChatMessage.Cut(Description, 255),
    });

    // It takes no status without an address.
    private JsonObject BitbucketBody() => new()
    {
        ["state"] = happened switch
        {
            _ when _succeeded => "SUCCESSFUL",
            NotificationEvent.Failed => "FAILED",
            NotificationEvent.Canceled => "STOPPED",
            _ => "INPROGRESS",
        },
        ["key"] = Name,
        ["name"] = Name,
        ["url"] = link ?? $"{Origin}/{Escaped}/commits/{deployment.Commit}",
        ["description"] = ChatMessage.Cut(Description, 255),
    };

    // Its time was over, or a newer one has taken its place: that is not held against the commit.
    private static bool HasServed(string? code) =>
        code == FailureCode.Superseded.Wire || code == FailureCode.TtlExpired.Wire;

    private bool IsPlatforms => Enum.GetValues<FailureCode>()
        .Any(code => code.Wire == deployment.Failure?.Code && code.Fault == "platform");

    private string Description => (happened, deployment.Failure) switch
    {
        (NotificationEvent.Failed or NotificationEvent.Canceled, { } failure) => $"{failure.Code}: {failure.Message}",
        (NotificationEvent.Succeeded, _) => $"Deployment {deployment.Id} succeeded.",
        (NotificationEvent.Up, _) => $"Deployment {deployment.Id} is up.",
        _ => $"Deployment {deployment.Id} is at work.",
    };

    private static JsonObject With(string name, string? value, JsonObject body)
    {
        if (value is not null)
        {
            body[name] = value;
        }

        return body;
    }

    // Gitea's own word for tokens is the older; Bitbucket's tokens of a person go with a name, those of a repository
    // without.
    private AuthenticationHeaderValue Authorization(Credential login) => (forge, login.Username) switch
    {
        (Forge.Gitea, _) => new AuthenticationHeaderValue("token", login.Value),
        (Forge.Bitbucket, { } user) when user != "x-token-auth" => new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{login.Value}"))),
        _ => new AuthenticationHeaderValue("Bearer", login.Value),
    };

    private static string PathOf(RepositoryAddress repository)
    {
        var path = Uri.UnescapeDataString(repository.Path.Split('?', '#')[0]).Trim('/');
        return path.EndsWith(".git", StringComparison.OrdinalIgnoreCase) ? path[..^4] : path;
    }
}
