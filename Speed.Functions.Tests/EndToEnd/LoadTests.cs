using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: many deployments at once, each with its own story.</summary>
public sealed class LoadTests(World world) : IClassFixture<World>
{
    [Fact]
    public async Task Many_deployments_at_once_all_end_right_through_two_slots_and_leave_nothing()
    {
        var repository = await world.RepositoryAsync(r =>
            r.File("Dockerfile", "FROM busybox\nCMD echo \"I am $WHO\"; exit $CODE\n"));

        var ids = await Task.WhenAll(Enumerable.Range(0, Scale.Deployments).Select(n =>
            world.StartAsync(repository, new { env = new { WHO = $"{n}", CODE = $"{n % 2}" } })));
        var ended = new List<Ended>();
        foreach (var id in ids)
        {
            ended.Add(await world.EndAsync(id, TimeSpan.FromMinutes(5)));
        }

        Assert.Equal(Scale.Deployments, ids.Distinct().Count());
        for (var n = 0; n < Scale.Deployments; n++)
        {
            Assert.Equal((n % 2 == 0 ? "Succeeded" : "Failed", $"I am {n}"), (ended[n].Status, ended[n].Results));
        }

        Assert.All(ended, one => Assert.True(one.Resource.GetProperty("log").GetProperty("complete").GetBoolean()));
        await world.EventuallyNoContainersAsync();
    }
}
