using Google.Protobuf;
using Speed.Deployments;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives nothing but a rule: what the log says of the steps that BuildKit tells of.</summary>
public sealed class BuildKitProgressTests
{
    private const string Step = "sha256:1";

    // The numbers are those of moby/buildkit api/services/control/control.proto, and are written out here once more.
    private static readonly byte[] Begun = Vertex((1, Step), (3, "[1/2] RUN make"), (5, At(10, 900_000_000)));

    [Fact]
    public async Task A_step_is_named_and_its_output_and_its_time_are_told()
    {
        var log = await TellAsync(
            [.. Begun],
            [.. Output((1, Step), (3, 1), (4, "one\ntw")), .. Output((1, Step), (3, 2), (4, "aside\n"))],
            [
                .. Output((1, Step), (3, 1), (4, "o\n")),
                .. Vertex((1, Step), (3, "[1/2] RUN make"), (5, At(10, 900_000_000)), (6, At(12, 400_000_000))),
            ]);

        Assert.Equal(["#1 [1/2] RUN make", "#1 one", "#1 aside", "#1 two", "#1 DONE 1.5s"], log.Lines);
        Assert.Equal(LogStream.Stderr, log.Entries.OfType<LogLine>().Single(line => line.Text == "#1 aside").Stream);
    }

    [Fact]
    public async Task A_step_that_was_kept_or_failed_or_was_given_up_says_so()
    {
        var log = await TellAsync(
            [.. Vertex((1, "a"), (3, "FROM busybox"), (4, 1), (5, At(1, 0)), (6, At(1, 0)))],
            [.. Vertex((1, "b"), (3, "RUN false"), (5, At(1, 0)), (6, At(2, 0)), (7, "exit code: 1"))],
            [.. Vertex((1, "c"), (3, "RUN sleep"), (5, At(1, 0)), (6, At(2, 0)), (7, "context canceled"))]);

        Assert.Equal(
            ["#1 FROM busybox", "#1 CACHED", "#2 RUN false", "#2 ERROR: exit code: 1", "#3 RUN sleep", "#3 CANCELED"],
            log.Lines);
    }

    [Theory]
    [InlineData("b", true)]
    [InlineData("a", false)]
    public async Task Only_of_the_step_that_failed_it_counts_that_a_program_was_foreign(string step, bool isForeign)
    {
        await using var log = await DeploymentLog.OpenAsync(1, new RecordedLog(), TimeProvider.System, Now);
        await using var progress = new BuildKitProgress(log);

        await TakeAsync(
            progress,
            [.. Vertex((1, "a"), (3, "RUN a"), (5, At(1, 0))), .. Vertex((1, "b"), (3, "RUN b"), (5, At(1, 0)))],
            [.. Output((1, step), (3, 2), (4, "exec /x: exec format error\n"))],
            [.. Vertex((1, "b"), (3, "RUN b"), (5, At(1, 0)), (6, At(2, 0)), (7, "exit code: 1"))]);

        Assert.Equal(("RUN b", isForeign), (progress.FailedStep, progress.Signs == BuildSigns.ForeignProgram));
    }

    [Fact]
    public async Task A_part_of_a_step_is_told_once_when_it_has_ended()
    {
        var log = await TellAsync(
            [.. Begun],
            [.. Task((1, "sending"), (2, Step), (4, 5))],
            [.. Task((1, "sending"), (2, Step), (8, At(11, 0))), .. Task((1, "sending"), (2, Step), (8, At(11, 0)))]);

        Assert.Equal(["#1 [1/2] RUN make", "#1 sending done"], log.Lines);
    }

    // A Dockerfile need not be UTF-8, and an engine does not ask whether it is.
    [Fact]
    public async Task A_step_whose_name_is_not_UTF_8_is_told_all_the_same()
    {
        byte[] name = [.. "RUN echo "u8, 0xE9];

        var log = await TellAsync(
            [.. Vertex((1, Step), (3, name), (5, At(1, 0)))],
            [.. Task((1, name), (2, Step), (8, At(2, 0)))],
            [.. Vertex((1, Step), (3, name), (5, At(1, 0)), (6, At(2, 0)), (7, name))]);

        Assert.Equal(
            ["#1 RUN echo \uFFFD", "#1 RUN echo \uFFFD done", "#1 ERROR: RUN echo \uFFFD"], log.Lines);
    }

    [Fact]
    public async Task What_an_engine_adds_is_passed_over()
    {
        var log = await TellAsync(
            [
                .. Vertex((1, Step), (2, "sha256:0"), (3, "RUN make"), (5, At(1, 0)), (8, "group"), (900, 7)),
                .. Message((4, "warning")),
            ]);

        Assert.Equal(["#1 RUN make"], log.Lines);
    }

    private static byte[] Vertex(params (int Field, object Value)[] fields) => Message((1, Message(fields)));

    private static byte[] Task(params (int Field, object Value)[] fields) => Message((2, Message(fields)));

    private static byte[] Output(params (int Field, object Value)[] fields) => Message((3, Message(fields)));

    private static byte[] At(long seconds, int nanoseconds) => Message((1, seconds), (2, nanoseconds));

    private static byte[] Message(params (int Field, object Value)[] fields)
    {
        using var bytes = new MemoryStream();
        var output = new CodedOutputStream(bytes);
        foreach (var (field, value) in fields)
        {
            if (value is int or long)
            {
                output.WriteTag(field, WireFormat.WireType.Varint);
                output.WriteInt64(Convert.ToInt64(value, null));
            }
            else
            {
                output.WriteTag(field, WireFormat.WireType.LengthDelimited);
                output.WriteBytes(
                    value is string text ? ByteString.CopyFromUtf8(text) : ByteString.CopyFrom((byte[])value));
            }
        }

        output.Flush();
        return bytes.ToArray();
    }

    private static async Task<RecordedLog> TellAsync(params byte[][] messages)
    {
        var recorded = new RecordedLog();
        await using (var log = await DeploymentLog.OpenAsync(1, recorded, TimeProvider.System, Now))
        {
            var progress = new BuildKitProgress(log);
            await TakeAsync(progress, messages);
            await progress.DisposeAsync();
            await log.FlushAsync();
        }

        return recorded;
    }

    private static async Task TakeAsync(BuildKitProgress progress, params byte[][] messages)
    {
        foreach (var message in messages)
        {
            var trace = Convert.ToBase64String(message);
            await progress.TakeAsync(new BuildMessage(null, "moby.buildkit.trace", trace, null, null), Now);
        }
    }

    private static CancellationToken Now => TestContext.Current.CancellationToken;
}
