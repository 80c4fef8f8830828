using Microsoft.Extensions.Time.Testing;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Deployments;

/// <summary>Drives nothing but a rule: for the same secrets there is one masker, built once, and for no longer than it is used.</summary>
public sealed class MaskersTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly Maskers _maskers;

    public MaskersTests() => _maskers = new Maskers(_time);

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public void Dispose() => _maskers.Dispose();

    [Fact]
    public async Task All_who_ask_at_once_and_later_get_the_same_one()
    {
        var atOnce = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => OfAsync("value one", "value two")));
        var later = await OfAsync("value two", "value one");

        Assert.All(atOnce, masker => Assert.Same(later, masker));
        Assert.Equal("*** ***", later.Mask("value one value two"));
        Assert.Equal(1, _maskers.Count);
    }

    [Fact]
    public async Task Other_secrets_have_another_one()
    {
        var masker = await OfAsync("value one", "value two");

        foreach (var others in new string[][] { ["value one"], ["value onevalue two"], ["value one", "value two", "value three"] })
        {
            Assert.NotSame(masker, await OfAsync(others));
        }
    }

    [Fact]
    public async Task One_that_nobody_asks_for_is_dropped_after_minutes()
    {
        var used = await OfAsync("value one");
        await OfAsync("value two");
        _time.Advance(Maskers.KeptFor / 2);
        await OfAsync("value one");
        _time.Advance(Maskers.KeptFor * 0.8);

        Assert.Equal(1, _maskers.Count);
        Assert.Same(used, await OfAsync("value one"));
        _time.Advance(Maskers.KeptFor * 1.2);
        Assert.Equal(0, _maskers.Count);
    }

    [Fact]
    public async Task There_are_only_so_many_and_the_one_not_asked_for_the_longest_goes_first()
    {
        var first = await OfAsync("value number 0");
        var second = await OfAsync("value number 1");
        for (var n = 2; n <= Maskers.Most; n++)
        {
            await OfAsync($"value number {n}");
            Assert.Same(first, await OfAsync("value number 0"));
        }

        Assert.Equal(Maskers.Most, _maskers.Count);
        Assert.NotSame(second, await OfAsync("value number 1"));
    }

    [Fact]
    public async Task They_take_only_so_much_room()
    {
        // Of letters that each occur in no other one, or their beginnings would be the same.
        var large = Enumerable.Range(0, 3)
            .Select(n => string.Concat(Enumerable.Range(0, 20_000).Select(at => (char)('一' + (10 * n) + (at % 7)))))
            .ToArray();

        var last = await OfAsync(large[0]);
        for (var n = 1; n < large.Length; n++)
        {
            last = await OfAsync(large[n]);
        }

        Assert.True(last.Size > Maskers.MostBytes / 3, $"{last.Size} bytes are too few for this test.");
        Assert.InRange(_maskers.Count, 1, 2);
        Assert.Same(last, await OfAsync(large[^1]));
    }

    private Task<Masker> OfAsync(params string[] values) =>
        _maskers.OfAsync(new DeploymentSecrets { Earlier = values }, Now);
}
