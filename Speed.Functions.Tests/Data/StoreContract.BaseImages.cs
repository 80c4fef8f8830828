using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>What is kept of which images are for whom.</summary>
public abstract partial class StoreContract
{
    private static readonly RepositoryIdentity Ours = RepositoryIdentity.Of("https://git.example/team/app.git");
    private static readonly RepositoryIdentity Theirs = RepositoryIdentity.Of("https://git.example/others/app.git");

    [Fact]
    public async Task The_last_image_that_was_had_without_a_login_is_for_everybody_under_its_name_alone()
    {
        await Store.RecordPublicImageAsync("r.example/a:1", "sha256:old", Token);
        await Store.RecordPublicImageAsync("r.example/a:1", "sha256:new", Token);

        Assert.True(await Store.IsPublicImageAsync("r.example/a:1", "sha256:new", Token));
        Assert.False(await Store.IsPublicImageAsync("r.example/a:1", "sha256:old", Token));
        Assert.False(await Store.IsPublicImageAsync("r.example/a:2", "sha256:new", Token));
    }

    [Fact]
    public async Task Of_the_images_that_are_for_everybody_a_thousand_are_known_the_last_ones()
    {
        foreach (var number in Enumerable.Range(0, 1_000).Append(0).Append(1_000))
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            await Store.RecordPublicImageAsync($"r.example/a:{number}", "sha256:one", Token);
        }

        Assert.True(await Store.IsPublicImageAsync("r.example/a:0", "sha256:one", Token));
        Assert.False(await Store.IsPublicImageAsync("r.example/a:1", "sha256:one", Token));
        Assert.True(await Store.IsPublicImageAsync("r.example/a:2", "sha256:one", Token));
        Assert.True(await Store.IsPublicImageAsync("r.example/a:1000", "sha256:one", Token));
    }

    [Fact]
    public async Task What_a_registry_let_a_repository_have_is_known_for_a_day_of_that_repository_and_image_alone()
    {
        await Store.RecordAllowedImageAsync(Ours, "r.example/a:1", "sha256:one", Token);
        var at = Time.GetUtcNow();

        Time.Advance(TimeSpan.FromHours(24) - TimeSpan.FromMilliseconds(1));
        Assert.Equal(
            at.ToUnixTimeMilliseconds(),
            (await Store.FindAllowedImageAsync(Ours, "r.example/a:1", "sha256:one", Token))?.ToUnixTimeMilliseconds());
        Assert.Null(await Store.FindAllowedImageAsync(Theirs, "r.example/a:1", "sha256:one", Token));
        Assert.Null(await Store.FindAllowedImageAsync(Ours, "r.example/a:2", "sha256:one", Token));
        Assert.Null(await Store.FindAllowedImageAsync(Ours, "r.example/a:1", "sha256:two", Token));

        Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(await Store.FindAllowedImageAsync(Ours, "r.example/a:1", "sha256:one", Token));
    }

    [Fact]
    public async Task Each_time_that_it_is_allowed_begins_the_day_anew()
    {
        await Store.RecordAllowedImageAsync(Ours, "r.example/a:1", "sha256:one", Token);
        Time.Advance(TimeSpan.FromHours(20));
        await Store.RecordAllowedImageAsync(Ours, "r.example/a:1", "sha256:one", Token);
        Time.Advance(TimeSpan.FromHours(20));

        Assert.NotNull(await Store.FindAllowedImageAsync(Ours, "r.example/a:1", "sha256:one", Token));
    }
}
