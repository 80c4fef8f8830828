using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing.Template;
using Xunit;

namespace Speed.Tests.OpenApi;

/// <summary>
/// Holds every answer that passes to openapi.json, and fails the test where one breaks it: its status, its content type,
/// and a JSON body by its schema.
/// </summary>
public sealed class ContractHandler : DelegatingHandler
{
    /// <summary>openapi.json among the sources.</summary>
    internal static readonly JsonElement Document = JsonElement.Parse(
        File.ReadAllText(Path.Combine(ArchitectureTests.Root, "Speed.Functions", "wwwroot", "openapi.json")));

    // Literal paths before those with parameters.
    private static readonly Lazy<List<(TemplateMatcher Path, JsonElement Operations)>> Paths = new(() =>
    [
        .. from path in Document.GetProperty("paths").EnumerateObject()
           orderby path.Name.Contains('{', StringComparison.Ordinal)
           let route = path.Name.TrimStart('/').Replace("{path}", "{*path}", StringComparison.Ordinal)
           select (new TemplateMatcher(TemplateParser.Parse(route), []), path.Value),
    ]);

    private readonly JsonContract _contract = new(Document);

    public ContractHandler()
        : this(new SocketsHttpHandler { UseCookies = false, RequestHeaderEncodingSelector = (_, _) => Encoding.Latin1 })
    {
    }

    /// <param name="answers">Makes the answers that are held to the document.</param>
    internal ContractHandler(HttpMessageHandler answers) : base(answers)
    {
    }

    /// <summary>True unless <c>SPEED_CONTRACT=0</c>.</summary>
    public static bool IsOn => Environment.GetEnvironmentVariable("SPEED_CONTRACT") != "0";

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var answer = await base.SendAsync(request, cancellationToken);
        if (await FindFaultAsync(request, answer, cancellationToken) is { } fault)
        {
            Assert.Fail($"{request.Method} {request.RequestUri!.PathAndQuery} broke the contract: {fault}");
        }

        return answer;
    }

    private async Task<string?> FindFaultAsync(
        HttpRequestMessage request, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (!answer.Headers.Contains("X-Request-Id"))
        {
            // By the server itself, for what is no request: SPEED has not seen it.
            return answer.IsSuccessStatusCode ? "the request has no id" : null;
        }

        if (FindOperation(request) is not { } operation)
        {
            return (int)answer.StatusCode is >= 400 and < 500 ? null : "there is no such function";
        }

        var answers = operation.GetProperty("responses");
        if (!answers.TryGetProperty($"{(int)answer.StatusCode}", out var described)
            && (answer.IsSuccessStatusCode || !answers.TryGetProperty("default", out described)))
        {
            return $"status {(int)answer.StatusCode} is not described";
        }

        described = described.TryGetProperty("$ref", out var reference)
            ? _contract.Follow(reference.GetString()!)
            : described;
        return request.Method == HttpMethod.Head
            ? (await answer.Content.ReadAsByteArrayAsync(cancellationToken)).Length == 0 ? null : "HEAD has a body"
            : await FindBodyFaultAsync(described, answer, cancellationToken);
    }

    private async Task<string?> FindBodyFaultAsync(
        JsonElement described, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var type = answer.Content.Headers.ContentType?.MediaType;
        if (!described.TryGetProperty("content", out var content))
        {
            return type is null ? null : $"a body of type {type} is not described";
        }

        if (type is null || !(content.TryGetProperty(type, out var media) || content.TryGetProperty("*/*", out media)))
        {
            return $"the content type {type ?? "(none)"} is not described";
        }

        if (!type.EndsWith("json", StringComparison.Ordinal) || type.EndsWith("ndjson", StringComparison.Ordinal))
        {
            return null;
        }

        await answer.Content.LoadIntoBufferAsync(cancellationToken);
        var body = JsonElement.Parse(await answer.Content.ReadAsStringAsync(cancellationToken));
        return _contract.FindFault(media.GetProperty("schema"), body);
    }

    /// <summary>What the document says of the function that takes the request; null if none does.</summary>
    internal static JsonElement? FindOperation(HttpRequestMessage request)
    {
        var path = new PathString(Uri.UnescapeDataString(
            request.RequestUri!.AbsolutePath.Replace("%2F", "%252F", StringComparison.OrdinalIgnoreCase)));

        // HEAD is answered wherever GET is, and is no operation of its own.
        var method = (request.Method == HttpMethod.Head ? HttpMethod.Get : request.Method).Method.ToLowerInvariant();
        foreach (var (template, operations) in Paths.Value)
        {
            if (template.TryMatch(path, []) && operations.TryGetProperty(method, out var operation))
            {
                return operation;
            }
        }

        return null;
    }
}
