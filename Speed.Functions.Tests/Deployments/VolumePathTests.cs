using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Deployments;

/// <summary>Drives nothing but a rule: every spelling of a folder is one folder.</summary>
public sealed class VolumePathTests
{
    [Theory]
    [InlineData("/data", "/data")]
    [InlineData("/data/", "/data")]
    [InlineData("/data//x", "/data/x")]
    [InlineData("/data/./x", "/data/x")]
    [InlineData("//data/././x//.", "/data/x")]
    [InlineData("/data/...", "/data/...")]
    [InlineData("/var/lib/x y", "/var/lib/x y")]
    [InlineData("/run/speedy", "/run/speedy")]
    [InlineData("/process", "/process")]
    public void A_folder_has_one_spelling(string path, string expected) =>
        Assert.Equal(expected, VolumePath.Normalize(path));

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("//")]
    [InlineData("/.")]
    [InlineData("data")]
    [InlineData("./data")]
    [InlineData("/data/../x")]
    [InlineData("/..")]
    [InlineData("/data:ro")]
    [InlineData("/data\\x")]
    [InlineData("/proc")]
    [InlineData("/./proc/1")]
    [InlineData("//sys")]
    [InlineData("/dev/./shm")]
    [InlineData("/run/speed")]
    [InlineData("/run/./speed/")]
    [InlineData("/run//speed/x")]
    public void What_no_volume_can_be_at_is_refused_in_every_spelling(string path) =>
        Assert.Null(VolumePath.Normalize(path));

    [Fact]
    public void The_one_spelling_stays_as_it_is()
    {
        string[] parts = ["", ".", "a", "..", "proc", "run", "speed", "b c"];
        var all =
            from first in parts
            from second in parts
            from third in parts
            from fourth in parts
            let normal = VolumePath.Normalize($"/{first}/{second}/{third}/{fourth}")
            where normal is not null
            select normal;

        Assert.All(all, normal => Assert.Equal(normal, VolumePath.Normalize(normal)));
        Assert.DoesNotContain(all, normal => normal.Contains("/proc/a", StringComparison.Ordinal) && normal.StartsWith("/proc", StringComparison.Ordinal));
    }
}
