using System.Text;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Deployments;

/// <summary>Drives nothing but a rule: where output that was kept and output that came meet.</summary>
public sealed class TakenOutputTests
{
    [Theory]
    // Nothing was kept since before SPEED attached itself: all that came is new.
    [InlineData("a\nb\n", "", 0, 4L, 0, true)]
    [InlineData("a\nb\n", "b\n", 0, 4L, 0, true)]
    // What was kept since is the beginning of what came, and was never said before.
    [InlineData("a\nb\nc\n", "b\nc\n", 0, 2L, 4, true)]
    [InlineData("a\nb\nc\n", "c\nd\n", 0, 2L, 2, true)]
    [InlineData("a\nb\n", "b\n", 0, null, 2, true)]
    // It was: what came may be the end of what was kept, or the same once more.
    [InlineData("b\nb\n", "b\n", 0, 2L, 2, false)]
    [InlineData("b\nb\n", "b\nb\n", 0, null, 4, false)]
    // Not all of it has come yet, or it was said before SPEED attached itself.
    [InlineData("a\nb\nc\n", "", 0, 2L, 0, false)]
    [InlineData("a\nb\nc\n", "b\n", 0, 2L, 2, false)]
    // All of it was surely kept: there is no other way to lay it.
    [InlineData("b\nb\n", "b\n", 2, 2L, 2, true)]
    [InlineData("a\nb\n", "", 0, null, 0, true)]
    // More was surely kept than there is: the engine is behind with one of the two.
    [InlineData("a\nb\n", "c\nd\n", 4, 2L, 0, false)]
    [InlineData("a\nb\n", "b\nd\n", 4, 2L, 2, true)]
    // The engine writes down what is not UTF-8 as something longer.
    [InlineData("a\nb\n", "x\n", 2, 2L, 0, false)]
    public void They_meet_where_their_bytes_say(
        string kept, string held, long surelyKept, long? keptBefore, int overlap, bool isSure)
    {
        var join = Taken(kept).FindJoin(Encoding.UTF8.GetBytes(held), surelyKept, keptBefore, isFull: false);

        Assert.Equal(new Join(overlap, isSure), join);
    }

    [Theory]
    [InlineData("b\nb\n", "b\n", 2, 2)]
    [InlineData("b\nb\n", "b\n", 4, 0)]
    [InlineData("a\nb\n", "b\nc\n", 2, 2)]
    [InlineData("a\nb\n", "c\n", 4, 0)]
    // Lengths that the bytes contradict, or that say that something is missing.
    [InlineData("a\nb\n", "x\n", 2, null)]
    [InlineData("a\nb\n", "b\n", -3, null)]
    [InlineData("a\nb\n", "b\n", 9, null)]
    public void Or_where_their_lengths_do(string kept, string held, long attachedAt, int? overlap)
    {
        var join = Taken(kept).FindJoinAt(Encoding.UTF8.GetBytes(held), attachedAt);

        Assert.Equal(overlap is { } length ? new Join(length, true) : null, join);
    }

    private static TakenOutput Taken(string kept)
    {
        var taken = new TakenOutput();
        taken.Remember(Encoding.UTF8.GetBytes(kept));
        return taken;
    }
}
