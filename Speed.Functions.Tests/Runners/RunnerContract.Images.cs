using Docker.DotNet.Models;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Runners;

public abstract partial class RunnerContract
{
    [Fact]
    public async Task An_image_goes_unless_a_container_uses_it()
    {
        await using var world = await DockerWorld.CreateAsync(sandbox);
        var image = await BuildOwnAsync(world);
        await using var container = await world.Runner.CreateAsync(
            world.NewScript("true"), image.ImageId, DeploymentSecrets.None, world.Log, Token);

        var size = await world.Runner.MeasureImageAsync(image.ImageId, Token);
        var whileUsed = await world.Runner.RemoveImageAsync(image, Token);
        var stillThere = await world.Runner.MeasureImageAsync(image.ImageId, Token);
        await container.RemoveAsync(Token);
        var afterwards = await world.Runner.RemoveImageAsync(image, Token);
        var again = await world.Runner.RemoveImageAsync(image, Token);

        Assert.True(size > 0);
        Assert.False(whileUsed);
        Assert.Equal(size, stillThere);
        Assert.True(afterwards);
        Assert.True(again);
        Assert.Null(await world.Runner.MeasureImageAsync(image.ImageId, Token));
    }

    [Fact]
    public async Task An_image_that_somebody_else_named_only_loses_our_name()
    {
        await using var world = await DockerWorld.CreateAsync(sandbox);
        var image = await BuildOwnAsync(world);
        var theirs = $"theirs-{world.Instance}";
        await world.AskAsync(client => client.Images.TagImageAsync(
            image.ImageId, new ImageTagParameters { RepositoryName = theirs, Tag = "1" }, Token));

        var removed = await world.Runner.RemoveImageAsync(image, Token);
        var again = await world.Runner.RemoveImageAsync(image, Token);

        var left = await world.AskAsync(client => client.Images.InspectImageAsync(image.ImageId, Token));
        Assert.True(removed);
        Assert.True(again);
        Assert.Equal([$"{theirs}:1"], left.RepoTags);
    }

    private static async Task<UnneededImage> BuildOwnAsync(DockerWorld world)
    {
        var tree = new MemoryTree($"FROM busybox\nRUN echo {world.Instance} > /mine\n");
        var deployment = world.NewDeployment();
        var plan = await world.Runner.PlanAsync(deployment, tree, DeploymentSecrets.None, world.Log, Token);
        return new UnneededImage(await world.BuildAsync(deployment, tree), [plan.Key], deployment.Id);
    }
}
