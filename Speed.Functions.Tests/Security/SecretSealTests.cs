using Speed.Security;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Security;

/// <summary>Drives real files: what was sealed opens with its key, in its place, and not otherwise.</summary>
public sealed class SecretSealTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_was_sealed_opens_again_and_never_looks_the_same()
    {
        var seal = SealOf("a.key");

        var (first, second) = (seal.Seal("value é\n", "about"), SealOf("a.key").Seal("value é\n", "about"));

        Assert.Equal("value é\n", seal.Open(first, "about"));
        Assert.Equal("value é\n", seal.Open(second, "about"));
        Assert.NotEqual(first, second);
    }

    [Fact]
    public void It_does_not_open_with_another_key_nor_in_the_place_of_another()
    {
        var value = SealOf("a.key").Seal("a value", "about");

        Assert.Null(SealOf("b.key").Open(value, "about"));
        Assert.Null(SealOf("a.key").Open(value, "something else"));
        Assert.Null(SealOf("a.key").Open(value.AsSpan(1), "about"));
        Assert.Null(SealOf("a.key").Open([], "about"));
    }

    [Fact]
    public void It_does_not_open_with_any_bit_of_it_changed()
    {
        var seal = SealOf("a.key");
        var value = seal.Seal("a value", "about");

        for (var bit = 0; bit < 8 * value.Length; bit++)
        {
            var changed = value.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(seal.Open(changed, "about"));
        }
    }

    private SecretSeal SealOf(string file) => new(MasterKey.Open(_folder.File(file)));
}
