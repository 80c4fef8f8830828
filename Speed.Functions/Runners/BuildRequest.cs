using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>What the engine is asked to build, as it goes over the wire.</summary>
internal sealed class BuildRequest(BuildPlan plan, Builder builder, string tag)
{
    private const long Mebibyte = 1024 * 1024;
    private const long CpuPeriod = 100_000;

    /// <summary>By this name a BuildKit build can be canceled.</summary>
    public string BuildId { get; } = Guid.NewGuid().ToString("N");

    public HttpRequestMessage ToHttp(Stream context)
    {
        var query = string.Join('&', Parameters().Select(
            pair => $"{pair.Key}={Uri.EscapeDataString(pair.Value)}"));
        var request = new HttpRequestMessage(HttpMethod.Post, $"/build?{query}") { Content = new StreamContent(context) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");

        // The engine may refuse before it has read the context: its reason must arrive all the same.
        request.Headers.ExpectContinue = true;
        return request;
    }

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

        if (builder == Builder.BuildKit)
        {
            parameters["version"] = "2";
            parameters["buildid"] = BuildId;
            return parameters;
        }

        var memory = (options.BuildResources.MemoryMb * Mebibyte).ToString(CultureInfo.InvariantCulture);
        var quota = (long)(options.BuildResources.Cpus * CpuPeriod);
        parameters["memory"] = memory;
        parameters["memswap"] = memory;
        parameters["cpuperiod"] = CpuPeriod.ToString(CultureInfo.InvariantCulture);
        parameters["cpuquota"] = quota.ToString(CultureInfo.InvariantCulture);
        return parameters;
    }
}
