using Speed.Deployments;
using Xunit;
using static Speed.Deployments.DeploymentStatus;

namespace Speed.Tests.Data;

public abstract partial class StoreContract
{
    private const string Url = "https://git.example/hello.git";

    [Fact]
    public async Task The_last_images_of_each_branch_stay_and_the_one_used_longest_ago_goes_first()
    {
        for (var n = 1; n <= 5; n++)
        {
            await UseImageAsync(Url, "main", n);
        }

        await UseImageAsync(Url, "other", 2);

        Assert.Equal([Image(1)], await UnneededAsync(keep: 3));
        Assert.Equal([Image(1), Image(3), Image(4)], await UnneededAsync(keep: 1));
        Assert.Equal([Image(1)], await UnneededAsync(keep: 1, most: 1));
    }

    [Fact]
    public async Task An_image_that_comes_to_use_again_is_among_the_last_ones()
    {
        foreach (var n in new[] { 1, 2, 3, 1 })
        {
            await UseImageAsync(Url, "main", n);
        }

        Assert.Equal([Image(2)], await UnneededAsync(keep: 2));
    }

    [Fact]
    public async Task An_image_that_an_unfinished_deployment_uses_or_built_stays()
    {
        await UseImageAsync(Url, "main", 1);
        await UseImageAsync(Url, "main", 2);
        var using1 = await AddRunningAsync();
        await Store.RecordImageAsync(using1.Claim, Image(1), Token);
        var building2 = await AddRunningAsync();
        await Store.RecordBuildAsync(BuildKey(2), building2.Id, Token);

        var before = await UnneededAsync(keep: 0);
        await Store.SettleAsync(using1.Claim, Success(), Token);
        await Store.DeclareAsync(building2.Id, Succeeded, Token);
        var withOpenLog = await UnneededAsync(keep: 0);
        await Store.CloseAsync(building2.Id, [], Token);

        Assert.Empty(before);
        Assert.Equal([Image(1)], withOpenLog);
        Assert.Equal([Image(2), Image(1)], await UnneededAsync(keep: 0));
    }

    [Fact]
    public async Task Each_repository_is_listed_once_however_it_was_spelled()
    {
        await UseImageAsync(Url, "main", 1);
        await UseImageAsync(Url[..^".git".Length], "other", 2);
        await UseImageAsync("https://git.example/another.git", "main", 3);

        var all = await Store.ListRepositoriesAsync(Token);

        Assert.Equal(
            [RepositoryIdentity.Of("https://git.example/another"), RepositoryIdentity.Of(Url)],
            all.OrderBy(one => one.Text, StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_image_of_several_builds_is_one_and_is_forgotten_with_all_of_them()
    {
        await UseImageAsync(Url, "main", 1);
        await Store.RecordBuildAsync(BuildKey(2), 1, Token);
        await Store.RecordBuiltAsync(BuildKey(2), Image(1), Token);

        var image = Assert.Single(await Store.ListUnneededImagesAsync(0, 10, Token));
        await Store.ForgetImageAsync(image.ImageId, Token);

        Assert.Equal([BuildKey(1), BuildKey(2)], image.Keys);
        Assert.Equal(1, image.LastUsedBy);
        Assert.Empty(await UnneededAsync(keep: 0));
        Assert.Null(await Store.FindImageAsync(BuildKey(1), Token));
        Assert.Null(await Store.FindImageAsync(BuildKey(2), Token));
    }

    [Fact]
    public async Task The_last_logs_of_each_branch_stay()
    {
        for (var n = 0; n < 5; n++)
        {
            await EndAsync(await AddRunningAsync(Options(Url)));
        }

        await EndAsync(await AddRunningAsync(Options("https://git.example/other.git")));
        var neverRan = await AddAsync(Options(Url));
        await Store.RequestCancelAsync(neverRan.Id, "api", null, Token);
        var running = await AddRunningAsync(Options(Url));

        Assert.Equal([99, 3, 1, 2], await Store.PickBeyondLatestAsync([99, 3, 1, 2, 4, 5, 6, running.Id], 3, Token));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], await Store.PickBeyondLatestAsync([1, 2, 3, 4, 5, 6, 7, 8], 0, Token));
    }

    [Fact]
    public async Task A_record_goes_with_all_its_parts_once_it_has_ended_and_never_before()
    {
        var ended = await EndAsync(await AddRunningAsync());
        Time.Advance(TimeSpan.FromDays(1));
        var later = await EndAsync(await AddRunningAsync());
        var open = await AddRunningAsync();
        await Store.DeclareAsync(open.Id, Succeeded, Token);
        var pending = await AddAsync();

        var old = await Store.ListEndedAsync(Time.GetUtcNow(), 10, Token);
        var all = await Store.ListEndedAsync(Time.GetUtcNow().AddDays(1), 10, Token);
        var first = await Store.ListEndedAsync(Time.GetUtcNow().AddDays(1), 1, Token);
        var deleted = await Store.DeleteAsync(ended.Id, Token);

        Assert.True(deleted);
        Assert.Equal([ended.Id], old.Select(one => one.Id));
        Assert.Equal([ended.Id, later.Id], all.Select(one => one.Id));
        Assert.Equal(old, first);
        Assert.Null(await Store.FindAsync(ended.Id, Token));
        Assert.Null(await Store.ReadResultsAsync(ended.Id, Token));
        Assert.False(await Store.DeleteAsync(ended.Id, Token));
        Assert.False(await Store.DeleteAsync(open.Id, Token));
        Assert.False(await Store.DeleteAsync(pending.Id, Token));
        Assert.Equal(pending.Id + 1, (await AddAsync()).Id);
    }

    [Fact]
    public async Task An_image_stays_known_when_the_records_that_used_it_are_gone()
    {
        await UseImageAsync(Url, "main", 1);
        await UseImageAsync(Url, "main", 2);
        await Store.DeleteAsync(1, Token);
        await Store.DeleteAsync(2, Token);

        Assert.Empty(await UnneededAsync(keep: 2));
        Assert.Equal([Image(1)], await UnneededAsync(keep: 1));
    }

    private static string Image(int n) => $"sha256:{n}";

    private static string BuildKey(int n) => n.ToString("x64", System.Globalization.CultureInfo.InvariantCulture);

    private async Task<List<string>> UnneededAsync(int keep, int most = 10) =>
        [.. (await Store.ListUnneededImagesAsync(keep, most, Token)).Select(image => image.ImageId)];

    private async Task UseImageAsync(string url, string branch, int image)
    {
        var deployment = await AddRunningAsync(Options(url) with { Branch = branch });
        await Store.RecordBuildAsync(BuildKey(image), deployment.Id, Token);
        await Store.RecordBuiltAsync(BuildKey(image), Image(image), Token);
        await Store.RecordImageAsync(deployment.Claim, Image(image), Token);
        await EndAsync(deployment);
    }

    private async Task<Deployment> EndAsync(Deployment deployment)
    {
        Assert.True(await Store.SettleAsync(
            deployment.Claim, Success(new NewResult(ResultSource.Stdout, "out")), Token));
        return deployment;
    }
}
