using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Speed.Deployments;
using Speed.Dockerfiles;

namespace Speed.Runners;

/// <summary>What the engine is asked to build, as it goes over the wire.</summary>
/// <param name="cacheNamespace">Whose the folders of <c>--mount=type=cache</c> are.</param>
/// <param name="hasNetwork">Whether RUN steps have one.</param>
internal sealed class BuildRequest(BuildPlan plan, string tag, string cacheNamespace, bool hasNetwork)
{
    /// <summary>
    /// The build argument by which BuildKit tells the cache mounts of one from those of another
    /// (moby/buildkit frontend/dockerfile/builder, keyCacheNSArg): it stands before the id that the Dockerfile gives.
    /// </summary>
    public const string CacheNamespaceArg = "BUILDKIT_CACHE_MOUNT_NS";

    private const long Mebibyte = 1024 * 1024;
    private const long CpuPeriod = 100_000;

    /// <summary>By this name a BuildKit build can be canceled.</summary>
    public string BuildId { get; } = Guid.NewGuid().ToString("N");

    /// <summary>For BuildKit, which asks for the context in the session of this name.</summary>
    public HttpRequestMessage ToHttp(string session)
    {
        var parameters = BuildKitParameters();
        parameters["dockerfile"] = plan.Dockerfile;
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

    private Dictionary<string, string> Parameters(IReadOnlyDictionary<string, string> buildArgs)
    {
        var options = plan.Deployment.Options;
        var parameters = new Dictionary<string, string>
        {
            ["t"] = tag,
            ["dockerfile"] = plan.DockerfileInTree,
            ["buildargs"] = JsonSerializer.Serialize(buildArgs),
            ["labels"] = JsonSerializer.Serialize(new Dictionary<string, string> { ["speed.image.key"] = plan.Key }),
            ["rm"] = "1",
            ["forcerm"] = "1",
            ["nocache"] = options.ClearCache ? "1" : "0",
        };
        if (!hasNetwork)
        {
            // Named where it is none alone: BuildKit knows no name for the engine's usual one.
            parameters["networkmode"] = "none";
        }

        if (!string.IsNullOrEmpty(options.Target))
        {
            parameters["target"] = options.Target;
        }

        return parameters;
    }

    private Dictionary<string, string> BuildKitParameters()
    {
        // It is an argument like any other, so that a user's own of this name must not be among them.
        var parameters = Parameters(
            new Dictionary<string, string>(plan.BuildArgs) { [CacheNamespaceArg] = cacheNamespace });
        parameters["version"] = "2";
        parameters["buildid"] = BuildId;
        return parameters;
    }

    private Dictionary<string, string> LegacyParameters()
    {
        var options = plan.Deployment.Options;
        var parameters = Parameters(plan.BuildArgs);
        var memory = (options.BuildResources.MemoryMb * Mebibyte).ToString(CultureInfo.InvariantCulture);
        var quota = (long)(options.BuildResources.Cpus * CpuPeriod);
        parameters["memory"] = memory;
        parameters["memswap"] = memory;
        parameters["cpuperiod"] = CpuPeriod.ToString(CultureInfo.InvariantCulture);
        parameters["cpuquota"] = quota.ToString(CultureInfo.InvariantCulture);
        return parameters;
    }
}
