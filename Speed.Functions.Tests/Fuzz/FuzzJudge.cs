using Speed.Tests.OpenApi;

namespace Speed.Tests.Fuzz;

/// <summary>What must hold of an answer whatever was asked.</summary>
internal static class FuzzJudge
{
    /// <summary>What is wrong with an answer; null if nothing is.</summary>
    public static async Task<string?> FindFaultAsync(
        HttpRequestMessage request, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var status = (int)answer.StatusCode;
        if (status >= 500)
        {
            return $"SPEED failed with {status}";
        }

        if (!answer.Headers.Contains("X-Request-Id"))
        {
            return status is 400 or 404 or 414 or 431 ? null : $"{status} without a request id";
        }

        if (!answer.Headers.Contains("Content-Security-Policy") || !answer.Headers.Contains("X-Content-Type-Options"))
        {
            return $"{status} without the security headers";
        }

        return ContractHandler.FindOperation(request) is { } operation
            && !operation.GetProperty("responses").TryGetProperty($"{status}", out _)
            ? $"{status} is not described: {await answer.Content.ReadAsStringAsync(cancellationToken)}"
            : null;
    }
}
