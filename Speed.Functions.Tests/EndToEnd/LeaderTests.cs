using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: what a leader declares holds, and stops what runs.</summary>
public sealed class LeaderTests(World world) : IClassFixture<World>
{
    private const string Patient = "FROM busybox\nCMD trap 'echo stopped; exit 0' TERM; echo started; while true; do sleep 0.1; done\n";

    [Theory]
    [InlineData("Succeeded", null)]
    [InlineData("Failed", "DECLARED_BY_LEADER")]
    public async Task A_declared_end_holds_at_once_and_the_output_comes_late(string word, string? code)
    {
        var id = await StartedAsync();

        using var answer = await world.App.UpdateAsync(id, word);
        var info = await world.App.InfoAsync(id);
        var ended = await world.EndAsync(id);

        Assert.Equal("true", answer.Headers.GetValues("Speed-Changed").Single());
        Assert.Equal(word, info.GetProperty("status").GetString());
        Assert.Equal(code, code is null ? null : ended.Resource.GetProperty("failure").GetProperty("code").GetString());
        Assert.Equal("started\nstopped", ended.Results);
        Assert.Contains("\nstopped\n", ended.Log, StringComparison.Ordinal);
        await world.EventuallyNoContainersAsync(id);
    }

    [Fact]
    public async Task A_cancel_by_the_leader_stops_the_program()
    {
        var id = await StartedAsync();

        using var answer = await world.App.UpdateAsync(id, "Canceled");
        using var tooLate = await world.App.UpdateAsync(id, "Succeeded");
        var ended = await world.EndAsync(id);

        Assert.Equal(System.Net.HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(System.Net.HttpStatusCode.Conflict, tooLate.StatusCode);
        Assert.Equal(("Canceled", "started\nstopped"), (ended.Status, ended.Results));
        Assert.Equal("CANCELED", ended.Resource.GetProperty("failure").GetProperty("code").GetString());
        await world.EventuallyNoContainersAsync(id);
    }

    [Fact]
    public async Task A_cancel_in_the_middle_of_a_build_ends_it()
    {
        var repository = await world.RepositoryAsync(r => r.File("Dockerfile", "FROM busybox\nRUN echo building; sleep 600\n"));
        var id = await world.StartAsync(repository);
        await world.SeesLineAsync(id, "building");

        using var answer = await world.App.UpdateAsync(id, "Canceled");
        var ended = await world.EndAsync(id);

        Assert.Equal("Canceled", ended.Status);
        Assert.Equal("build", ended.Resource.GetProperty("failure").GetProperty("phase").GetString());
    }

    private async Task<long> StartedAsync()
    {
        var repository = await world.RepositoryAsync(r => r.File("Dockerfile", Patient));
        var id = await world.StartAsync(repository);
        await world.SeesLineAsync(id, "started");
        return id;
    }
}
