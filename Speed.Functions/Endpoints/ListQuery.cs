using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>Which part of the list of deployments is asked for.</summary>
internal static class ListQuery
{
    private const int MostItems = 200;
    private const int MaxPatternLength = 512;
    private const string CursorWord = "before ";

    public static DeploymentFilter Read(QueryReader query, Caller caller)
    {
        var filter = new DeploymentFilter
        {
            Status = query.Word<DeploymentStatus>("status"),
            Branch = query.Text("branch"),
            Before = ReadCursor(query),
            Limit = (int)query.Whole("limit", missing: 50, least: 1, most: MostItems),
            Repos = caller.Repos.Count > 0 ? [caller.Repos] : [],
        };
        return query.Text("repo") is { } repo ? Narrow(filter, repo, query) : filter;
    }

    /// <summary>Nothing to read for its holder, so that what it stands for may change.</summary>
    public static string CursorOf(long before) => Base64Url.EncodeToString(
        Encoding.ASCII.GetBytes(CursorWord + before.ToString(CultureInfo.InvariantCulture)));

    /// <summary>The same request with another cursor.</summary>
    public static string LinkTo(HttpRequest request, string cursor)
    {
        var parameters = request.Query
            .Where(parameter => parameter.Key is "status" or "repo" or "branch" or "limit")
            .Select(parameter => KeyValuePair.Create(parameter.Key, parameter.Value.ToString()))
            .Append(KeyValuePair.Create("cursor", cursor));
        return request.PathBase + request.Path + QueryString.Create(parameters!);
    }

    // An address means its repository, however it is spelled; anything else is a pattern as tokens have them, and so is an address with a star.
    private static DeploymentFilter Narrow(DeploymentFilter filter, string repo, QueryReader query)
    {
        if (!repo.Contains('*') && RepositoryUrl.FindFault(repo, RepositoryUrl.KnownSchemes) is null)
        {
            return filter with { Identity = RepositoryIdentity.Of(repo) };
        }

        if (repo.Length > MaxPatternLength)
        {
            query.Refuse("repo", $"is too long: a pattern has at most {MaxPatternLength} characters.");
        }

        var pattern = repo.Contains("://", StringComparison.Ordinal) ? Glob.TargetOf(repo) : repo;
        return filter with { Repos = [.. filter.Repos, [pattern]] };
    }

    private static long ReadCursor(QueryReader query)
    {
        if (query.Text("cursor") is not { } cursor)
        {
            return long.MaxValue;
        }

        if (Decode(cursor) is { } before && CursorOf(before) == cursor)
        {
            return before;
        }

        query.Refuse("cursor", "must be the next_cursor of a page before: begin again without one.");
        return long.MaxValue;
    }

    private static long? Decode(string cursor)
    {
        if (!Base64Url.IsValid(cursor))
        {
            return null;
        }

        var text = Encoding.ASCII.GetString(Base64Url.DecodeFromChars(cursor));
        return text.StartsWith(CursorWord, StringComparison.Ordinal)
            && long.TryParse(text.AsSpan(CursorWord.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                ? id
                : null;
    }
}
