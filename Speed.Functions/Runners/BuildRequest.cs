using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Speed.Deployments;
using Speed.Dockerfiles;

namespace Speed.Runners;

/// <summary>What the engine is asked to build, as it goes over the wire.</summary>
internal sealed class BuildRequest(BuildPlan plan, string tag)
{
    private const long Mebibyte = 1024 * 1024;
    private const long CpuPeriod = 100_000;

    /// <summary>By this name a BuildKit build can be canceled.</summary>
    public string BuildId { get; } = Guid.NewGuid().ToString("N");

    /// <summary>For BuildKit, which asks for the context in the session of this name.</summary>
    public HttpRequestMessage ToHttp(string session)
    {
        var parameters = BuildKitParameters();
        parameters["remote"] = "client-session";
        parameters["session"] = session;
        return ToHttp(parameters);
    }

    /// <summary>With the context in the request.</summary>
    public HttpRequestMessage ToHttp(Stream context, Builder builder)
    {
        var request = ToHttp(builder == Builder.BuildKit ? BuildKitParameters() : LegacyParameters());
        request.Content = new StreamContent(context);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");

        // The engine may refuse before it has read the context: its reason must arrive all the same.
        request.Headers.ExpectContinue = true;
        return request;
    }

    private static HttpRequestMessage ToHttp(Dictionary<string, string> parameters) => new(
        HttpMethod.Post,
        $"/build?{string.Join('&', parameters.Select(pair => $"{pair.Key}={Uri.EscapeDataString(pair.Value)}"))}");

    private Dictionary<string, string> Parameters()
    {
        var options = plan.Deployment.Options;
        var parameters = new Dictionary<string, string>
        {
            ["t"] = tag,
            ["dockerfile"] = plan.Dockerfile,
            ["buildargs"] = JsonSerializer.Serialize(plan.BuildArgs),
            ["labels"] = JsonSerializer.Serialize(new Dictionary<string, string> { ["speed.image.key"] = plan.Key }),
            ["rm"] = "1",
            ["forcerm"] = "1",
            ["nocache"] = options.ClearCache ? "1" : "0",
        };
        if (!string.IsNullOrEmpty(options.Target))
        {
            parameters["target"] = options.Target;
        }

        return parameters;
    }

    private Dictionary<string, string> BuildKitParameters()
    {
        var parameters = Parameters();
        parameters["version"] = "2";
        parameters["buildid"] = BuildId;
        return parameters;
    }

    private Dictionary<string, string> LegacyParameters()
    {
        var options = plan.Deployment.Options;
        var parameters = Parameters();
        var memory = (options.BuildResources.MemoryMb * Mebibyte).ToString(CultureInfo.InvariantCulture);
        var quota = (long)(options.BuildResources.Cpus * CpuPeriod);
        parameters["memory"] = memory;
        parameters["memswap"] = memory;
        parameters["cpuperiod"] = CpuPeriod.ToString(CultureInfo.InvariantCulture);
        parameters["cpuquota"] = quota.ToString(CultureInfo.InvariantCulture);
        return parameters;
    }
}
