using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace Speed.Endpoints;

/// <summary>
/// For the Azure Functions host alone, which answers by itself what it knows no function for: through this, unknown paths
/// and wrong methods reach the <see cref="Pipeline"/>, which answers them as it does without that host.
/// </summary>
public static class UnknownFunction
{
    /// <summary>Says where functions are; nobody calls it, for the pipeline answers before.</summary>
    [Function(FunctionTable.Unknown)]
    public static IResult Answer(
        [HttpTrigger(AuthorizationLevel.Anonymous, Route = "{*path}")] HttpRequest request) => Refusal.NotFound;
}
