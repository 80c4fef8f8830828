using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Deployments;

/// <summary>Drives nothing but a rule: how long a service waits before it is started again.</summary>
public sealed class RestartPauseTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(6, 32)]
    [InlineData(7, 60)]
    [InlineData(10, 60)]
    [InlineData(11, 300)]
    [InlineData(100_000, 300)]
    public void Pauses_grow_to_a_minute_and_after_ten_tries_they_are_five(int tried, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), ServiceRun.PauseBefore(tried));
}
