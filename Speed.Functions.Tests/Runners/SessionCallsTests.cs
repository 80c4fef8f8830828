using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Time.Testing;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives nothing but a rule: how long a call of a build's session is waited for, and how its headers are read.</summary>
public sealed class SessionCallsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_engine_that_does_not_close_its_side_of_a_call_is_given_up_after_five_seconds()
    {
        var time = new FakeTimeProvider();
        await using var files = ContextFiles.Of("Dockerfile", "FROM scratch\n");
        var calls = new SessionCalls(files, files, time);
        var body = new Waiting();
        var call = new DefaultHttpContext();
        call.Features.Set<IHttpResponseTrailersFeature>(new Kept());
        call.Request.Path = "/grpc.health.v1.Health/Check";
        call.Request.Body = body;
        call.Response.Body = new MemoryStream();

        var answering = calls.ProcessRequestAsync(call);
        await body.IsRead.WaitAsync(Token);
        time.Advance(TimeSpan.FromSeconds(4));
        Assert.False(answering.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));

        await answering.WaitAsync(TimeSpan.FromSeconds(20), Token);
    }

    [Fact]
    public void A_header_of_an_engine_is_read_byte_by_byte_and_ends_no_line()
    {
        var bytes = Enumerable.Range(0, 256).Select(one => (byte)one).ToArray();

        var text = new EngineHeaders().GetString(bytes);

        Assert.Equal(256, text.Distinct().Count());
        Assert.DoesNotContain(text, one => one < ' ');
        Assert.Equal(Encoding.Latin1.GetString(bytes, 32, 224), text[32..]);
        Assert.Equal(bytes, new EngineHeaders().GetBytes(text));
    }

    private sealed class Kept : IHttpResponseTrailersFeature
    {
        public IHeaderDictionary Trailers { get; set; } = new HeaderDictionary();
    }

    /// <summary>Comes to no end, and tells when somebody waits for it.</summary>
    private sealed class Waiting : Stream
    {
        private readonly TaskCompletionSource _isRead = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Stream _never = new Pipe().Reader.AsStream();

        public Task IsRead => _isRead.Task;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => 0; set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var reading = _never.ReadAsync(buffer, cancellationToken);
            _isRead.TrySetResult();
            return reading;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
