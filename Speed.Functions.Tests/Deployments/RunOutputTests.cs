using System.Text;
using CsCheck;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Deployments;

/// <summary>Drives nothing but a rule: which of a program's output becomes its result.</summary>
public sealed class RunOutputTests
{
    [Theory]
    [InlineData("42\n", "42")]
    [InlineData("42", "42")]
    [InlineData("42\n\n", "42\n")]
    [InlineData("a\nb\n", "a\nb")]
    [InlineData("ünï\n", "ünï")]
    public void Stdout_becomes_a_result_less_one_line_feed(string printed, string expected)
    {
        var output = new RunOutput();

        output.Add(LogStream.Stdout, Encoding.UTF8.GetBytes(printed));

        Assert.Equal([new NewResult(ResultSource.Stdout, expected)], output.ToResults(exitedWithError: false));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    public void An_empty_stdout_is_no_result(string printed)
    {
        var output = new RunOutput();

        output.Add(LogStream.Stdout, Encoding.UTF8.GetBytes(printed));

        Assert.Empty(output.ToResults(exitedWithError: false));
    }

    [Fact]
    public void Stderr_is_a_result_only_of_a_program_that_failed()
    {
        var output = new RunOutput();
        output.Add(LogStream.Stdout, "out\n"u8);
        output.Add(LogStream.Stderr, Encoding.UTF8.GetBytes(new string('x', 5_000) + "\nlast words\n"));

        Assert.Single(output.ToResults(exitedWithError: false));
        var results = output.ToResults(exitedWithError: true);

        Assert.Equal([ResultSource.Stdout, ResultSource.Stderr], results.Select(result => result.Source));
        Assert.Equal(4 * 1024 - 1, results[1].Value.Length);
        Assert.EndsWith("x\nlast words", results[1].Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_output_in_any_pieces_comes_back_whole_up_to_a_mebibyte() =>
        Gen.Select(Gen.Byte.Array[0, 2_000], Gen.Int[1, 300]).Sample((bytes, piece) =>
        {
            var output = new RunOutput();

            AddInPieces(output, bytes, piece);

            var whole = Encoding.UTF8.GetString(bytes);
            var expected = whole.EndsWith('\n') ? whole[..^1] : whole;
            Assert.Equal(expected, string.Concat(output.ToResults(false).Select(result => result.Value)));
        });

    [Fact]
    public void Of_a_long_output_the_head_and_the_tail_are_kept_with_the_count_between() =>
        Gen.Select(Gen.Int[-40, 3_000_000], Gen.Int[1_000, 200_000]).Sample(
            (over, piece) =>
            {
                var bytes = Encoding.ASCII.GetBytes(
                    string.Join('\n', Enumerable.Range(0, (RunOutput.MaxResultBytes + over) / 8).Select(n => $"{n:D7}")));
                var output = new RunOutput();

                AddInPieces(output, bytes, piece);

                var value = output.ToResults(false).Single().Value;
                Assert.True(Encoding.UTF8.GetByteCount(value) <= RunOutput.MaxResultBytes);
                Assert.StartsWith("0000000\n0000001\n", value, StringComparison.Ordinal);
                Assert.EndsWith(Encoding.ASCII.GetString(bytes[^1_000..]), value, StringComparison.Ordinal);
                AssertMarkerIsExact(value, bytes.Length);
            },
            iter: 20);

    [Fact]
    public void Output_that_is_not_text_stays_within_a_mebibyte()
    {
        var output = new RunOutput();
        var noise = new byte[3 * 1024 * 1024];
        new Random(7).NextBytes(noise);

        AddInPieces(output, noise, 60_000);

        Assert.True(Encoding.UTF8.GetByteCount(output.ToResults(false).Single().Value) <= RunOutput.MaxResultBytes);
    }

    private static void AddInPieces(RunOutput output, byte[] bytes, int size)
    {
        foreach (var piece in bytes.Chunk(size))
        {
            output.Add(LogStream.Stdout, piece);
        }
    }

    private static void AssertMarkerIsExact(string value, int printed)
    {
        var start = value.IndexOf("\n[", StringComparison.Ordinal);
        if (start < 0)
        {
            Assert.Equal(printed, value.Length);
            return;
        }

        var end = value.IndexOf("]\n", start, StringComparison.Ordinal) + 2;
        var left = int.Parse(value[(start + 2)..value.IndexOf(' ', start)], System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(printed, value.Length - (end - start) + left);
    }
}
