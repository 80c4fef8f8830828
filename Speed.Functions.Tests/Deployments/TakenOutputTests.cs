using System.Text;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Deployments;

/// <summary>Where what the engine kept of a program's output and what came since SPEED attached itself again meet.</summary>
public sealed class TakenOutputTests
{
    [Theory]
    // What came is the end of what was kept, or the same once more: the bytes alone do not tell.
    [InlineData("a\nb\n", "b\n", 0, null, 2, false)]
    // Lengths do.
    [InlineData("a\nb\n", "b\n", 0, 2L, 2, true)]
    [InlineData("a\nb\n", "b\n", 0, 4L, 0, true)]
    [InlineData("a\nb\n", "b\nc\n", 0, 2L, 2, true)]
    [InlineData("a\nb\n", "c\n", 0, 4L, 0, true)]
    // All of it was surely kept: there is no other way to lay it.
    [InlineData("a\nb\n", "b\n", 2, null, 2, true)]
    [InlineData("a\nb\n", "", 0, null, 0, true)]
    // Lengths that the bytes contradict: the engine writes down what is not UTF-8 as something longer.
    [InlineData("a\nb\n", "x\n", 0, 2L, 0, false)]
    [InlineData("a\nb\n", "b\n", 0, -3L, 0, false)]
    [InlineData("a\nb\n", "b\n", 0, 9L, 0, true)]
    public void They_meet_where_bytes_and_lengths_agree(
        string kept, string held, long surelyKept, long? attachedAt, int overlap, bool isSure)
    {
        var taken = new TakenOutput();
        taken.Remember(Encoding.UTF8.GetBytes(kept));

        var join = taken.Join(Encoding.UTF8.GetBytes(held), surelyKept, attachedAt, isFull: false);

        Assert.Equal((overlap, isSure), join);
    }
}
