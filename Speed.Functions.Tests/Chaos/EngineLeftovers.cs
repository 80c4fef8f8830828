using System.Diagnostics;
using Speed.Tests.EndToEnd;
using Xunit;

namespace Speed.Tests.Chaos;

/// <summary>What a SPEED that has nothing at work must not have on the engine.</summary>
internal static class EngineLeftovers
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Returns once the instance has no container: the row is written first, the container removed then.
    /// </summary>
    public static async Task NoneOfAsync(string instance)
    {
        for (var since = Stopwatch.GetTimestamp(); ; await Task.Delay(100, TestContext.Current.CancellationToken))
        {
            var left = await DockerCli.ContainersAsync($"speed-{instance}-");
            if (left.Count == 0)
            {
                return;
            }

            Assert.True(Stopwatch.GetElapsedTime(since) < Patience, $"Left on the engine: {string.Join(", ", left)}");
        }
    }
}
