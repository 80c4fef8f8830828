using System.Net;
using System.Net.Http.Headers;
using Xunit;
using Xunit.Sdk;

namespace Speed.Tests.OpenApi;

/// <summary>Drives nothing but a rule: an answer that is not as described fails the test that asked.</summary>
public sealed class ContractHandlerTests
{
    private const string Info = """{"id": 1, "repo_name": "r", "repo_branch": "b", "status": "Running"}""";

    [Theory]
    [InlineData("/info/1", 200, "application/json", Info)]
    [InlineData("/info/1", 404, "application/json", """{"error": "Deployment not found"}""")]
    [InlineData("/nothing/here", 404, "application/json", """{"error": "Not found"}""")]
    public async Task An_answer_as_described_passes(string path, int status, string type, string body)
    {
        using var answer = await AskAsync(path, status, type, body);

        Assert.Equal(status, (int)answer.StatusCode);
    }

    [Theory]
    [InlineData("/info/1", 200, "application/json", """{"id": 1, "repo_name": "r", "repo_branch": "b", "status": "Running", "more": 1}""", "/more is not described")]
    [InlineData("/info/1", 200, "application/json", """{"id": 1, "repo_name": "r", "repo_branch": "b"}""", "/status is missing")]
    [InlineData("/info/1", 200, "application/json", """{"id": 1, "repo_name": 7, "repo_branch": "b", "status": "Running"}""", "/repo_name is no string")]
    [InlineData("/info/1", 201, "application/json", Info, "status 201 is not described")]
    [InlineData("/info/1", 200, "text/plain", "hello", "the content type text/plain is not described")]
    [InlineData("/info/1", 404, "application/json", """{"error": "Deployment not found", "id": 1}""", "/id is not described")]
    [InlineData("/nothing/here", 200, "application/json", "{}", "there is no such function")]
    public async Task One_that_is_not_fails_the_test_that_asked(
        string path, int status, string type, string body, string fault)
    {
        var failure = await Assert.ThrowsAsync<FailException>(() => AskAsync(path, status, type, body));

        Assert.Contains(fault, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task So_does_an_answer_that_bears_no_id()
    {
        var failure = await Assert.ThrowsAsync<FailException>(
            () => AskAsync("/info/1", 200, "application/json", Info, hasId: false));

        Assert.Contains("the request has no id", failure.Message, StringComparison.Ordinal);
    }

    private static async Task<HttpResponseMessage> AskAsync(
        string path, int status, string type, string body, bool hasId = true)
    {
        using var client = new HttpClient(new ContractHandler(new Script(() =>
        {
            var answer = new HttpResponseMessage((HttpStatusCode)status)
            {
                Content = new StringContent(body, new MediaTypeHeaderValue(type)),
            };
            if (hasId)
            {
                answer.Headers.Add("X-Request-Id", "1");
            }

            return answer;
        })));
        return await client.GetAsync($"http://localhost{path}", TestContext.Current.CancellationToken);
    }

    /// <summary>A SPEED that answers this.</summary>
    private sealed class Script(Func<HttpResponseMessage> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(answer());
    }
}
