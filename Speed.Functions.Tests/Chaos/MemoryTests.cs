using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Xunit;

namespace Speed.Tests.Chaos;

/// <summary>Drives SPEED's process: in a heap of 256 MiB, which ends a process that wants more.</summary>
/// <remarks>Whatever clients send, containers print and readers leave unread, it stays within.</remarks>
public sealed class MemoryTests : IAsyncLifetime
{
    private const string HeapLimit = "0x10000000";
    private const int Mebibyte = 1024 * 1024;

    private readonly SpeedProcess _speed = new(("DOTNET_GCHeapHardLimit", HeapLimit), ("Speed__Log__MaxBytes", "1048576"));
    private GitServer _git = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _git = await GitServer.StartAsync();
        await _speed.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _speed.DisposeAsync();
        await _git.DisposeAsync();
    }

    [Fact]
    public async Task Whatever_clients_send_and_containers_print_memory_stays_bounded()
    {
        // A line that never ends, then lines without end, on both streams: 100 MB in all.
        const string Print =
            "head -c 20000000 /dev/zero | tr '\\0' a; yes 0123456789 | head -c 60000000; yes error | head -c 20000000 >&2";
        var repository = await _git.CreateAsync("app", r => r.File("Dockerfile", "FROM busybox\n"));
        var id = await _speed.DeployAsync(repository.Url, new { command = new[] { "sh", "-c", Print } });
        var readers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => OpenAndLeaveAsync(id)));

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => SendAsync()));
        var ended = await _speed.EndAsync(id, TimeSpan.FromMinutes(5));

        Assert.Equal("Succeeded", ended.GetProperty("status").GetString());
        Assert.InRange(ended.GetProperty("log").GetProperty("bytes").GetInt64(), 1, Mebibyte);
        foreach (var reader in readers)
        {
            reader.Dispose();
        }
    }

    // A reader that follows the log and takes nothing of it.
    private async Task<HttpResponseMessage> OpenAndLeaveAsync(long id) => await _speed.Client.GetAsync(
        $"/v1/deployments/{id}/logs?follow=true", HttpCompletionOption.ResponseHeadersRead, Now);

    private async Task SendAsync()
    {
        for (var i = 0; i < 2; i++)
        {
            var most = $$"""{"id": 1, "new_results": "{{new string('r', Mebibyte - 100)}}"}""";
            Assert.Equal(HttpStatusCode.OK, await PostAsync("/update", new StringContent(most, Json)));
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await PostAsync("/update", new StringContent(most + most, Json)));
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await PostAsync("/start", new EndlessContent(100 * Mebibyte)));
            var deep = new string('[', Mebibyte / 2) + new string(']', (Mebibyte / 2) - 100);
            Assert.Equal(HttpStatusCode.BadRequest, await PostAsync("/start", new StringContent(deep, Json)));
            var members = string.Join(',', Enumerable.Range(0, 80_000).Select(n => $"\"m{n}\":0"));
            Assert.Equal(HttpStatusCode.BadRequest, await PostAsync("/start", new StringContent($"{{{members}}}", Json)));
        }
    }

    private static MediaTypeHeaderValue Json => new("application/json");

    // Null where it was cut off before it had sent all, as it may be.
    private async Task<HttpStatusCode?> PostAsync(string path, HttpContent content)
    {
        try
        {
            using var answer = await _speed.Client.PostAsync(path, content, Now);
            return answer.StatusCode;
        }
        catch (HttpRequestException) when (content is EndlessContent)
        {
            return HttpStatusCode.RequestEntityTooLarge;
        }
    }

    /// <summary>A body without an announced length.</summary>
    private sealed class EndlessContent : HttpContent
    {
        private readonly int _bytes;

        public EndlessContent(int bytes)
        {
            _bytes = bytes;
            Headers.ContentType = Json;
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            var chunk = Encoding.UTF8.GetBytes(new string(' ', 65_536));
            for (var sent = 0; sent < _bytes; sent += chunk.Length)
            {
                await stream.WriteAsync(chunk);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
