using System.Net;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Speed.Hooks;
using Xunit;

namespace Speed.Tests.Fuzz;

/// <summary>Drives SPEED over HTTP: the judge of the fuzz tests finds what it is there to find.</summary>
public sealed class FuzzJudgeTests
{
    private static readonly string[] All = ["X-Request-Id", "Content-Security-Policy", "X-Content-Type-Options"];

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_function_that_throws_is_found()
    {
        await using var app = await SpeedApp.OpenAsync(
            new() { ["Speed__MaxRunning"] = "0" }, services => services.AddSingleton(DispatchProxy.Create<IHookStore, Throwing>()));
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(app.Client.BaseAddress!, "v1/hooks"));

        using var answer = await app.Client.SendAsync(request, Now);

        Assert.Equal("SPEED failed with 500", await FuzzJudge.FindFaultAsync(request, answer, Now));
    }

    [Theory]
    [InlineData(200, 3, null)]
    [InlineData(404, 0, null)]
    [InlineData(200, 0, "200 without a request id")]
    [InlineData(200, 1, "200 without the security headers")]
    [InlineData(200, 2, "200 without the security headers")]
    [InlineData(418, 3, "418 is not described: a body")]
    [InlineData(503, 3, "SPEED failed with 503")]
    public async Task An_answer_that_no_function_may_give_is_found(int status, int headers, string? fault)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://localhost/info/1");
        using var answer = new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent("a body") };
        foreach (var name in All.Take(headers))
        {
            answer.Headers.Add(name, "x");
        }

        Assert.Equal(fault, await FuzzJudge.FindFaultAsync(request, answer, Now));
    }

    // The store of hooks that stands in is made at run time, of this class.
#pragma warning disable CA1852
    private class Throwing : DispatchProxy
#pragma warning restore CA1852
    {
        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            throw new InvalidOperationException("On purpose.");
    }
}
