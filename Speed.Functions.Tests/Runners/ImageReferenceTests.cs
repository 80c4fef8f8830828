using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives nothing but a rule: what the name of an image means in full, and which are none.</summary>
public sealed class ImageReferenceTests
{
    private const string Sha256 = "sha256:7cc4b5aefd1d0cadf8d97d4350462ba51c694ebca145b08d7d41b41acc8db5aa";

    [Theory]
    [InlineData("busybox", "docker.io/library/busybox:latest")]
    [InlineData("busybox:1.36", "docker.io/library/busybox:1.36")]
    [InlineData("library/busybox", "docker.io/library/busybox:latest")]
    [InlineData("docker.io/busybox", "docker.io/library/busybox:latest")]
    [InlineData("index.docker.io/busybox", "docker.io/library/busybox:latest")]
    [InlineData("Index.Docker.io/library/busybox", "docker.io/library/busybox:latest")]
    [InlineData("nonlibrary/busybox", "docker.io/nonlibrary/busybox:latest")]
    [InlineData("library/foo/bar", "docker.io/library/foo/bar:latest")]
    [InlineData("localhost/foo", "localhost/foo:latest")]
    [InlineData("192.168.0.1", "docker.io/library/192.168.0.1:latest")]
    [InlineData("192.168.0.1:80", "docker.io/library/192.168.0.1:80")]
    [InlineData("192.168.0.1:80/debian", "192.168.0.1:80/debian:latest")]
    [InlineData("R.Example:5000/a/b:1", "r.example:5000/a/b:1")]
    [InlineData("[fc00::1]:5000/docker", "[fc00::1]:5000/docker:latest")]
    [InlineData("[FC00:1:2:3:4:5:6:7]:5000/library/debian", "[fc00:1:2:3:4:5:6:7]:5000/library/debian:latest")]
    [InlineData("a@" + Sha256, "docker.io/library/a@" + Sha256)]
    [InlineData("r.example/a:1@" + Sha256, "r.example/a@" + Sha256)]
    [InlineData("docker---rules/dock__er_a.b-c", "docker.io/docker---rules/dock__er_a.b-c:latest")]
    [InlineData("ab", "docker.io/library/ab:latest")]
    [InlineData("deadbeef", "docker.io/library/deadbeef:latest")]
    [InlineData("r.example/speed-a", "r.example/speed-a:latest")]
    [InlineData("user/speed-a", "docker.io/user/speed-a:latest")]
    [InlineData("speedy", "docker.io/library/speedy:latest")]
    [InlineData("docker.io/1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a",
        "docker.io/library/1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a:latest")]
    public void A_name_is_told_in_full(string text, string full)
    {
        Assert.Null(ImageReference.FindRefusal(text));
        Assert.Equal(full, ImageReference.Parse(text)?.Name);
        Assert.Equal(full, ImageReference.Parse(full)?.Name);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" busybox")]
    [InlineData("busybox\n")]
    [InlineData("x:")]
    [InlineData(":1")]
    [InlineData("x@")]
    [InlineData("x@sha256:00")]
    [InlineData("x@md5:00000000000000000000000000000000")]
    [InlineData("https://github.com/docker/docker")]
    [InlineData("docker/Docker")]
    [InlineData("Docker/docker")]
    [InlineData("BusyBox")]
    [InlineData("-docker")]
    [InlineData("-docker.io/docker/docker")]
    [InlineData("docker.io/docker///docker")]
    [InlineData("a/../b")]
    [InlineData("a/./b")]
    [InlineData("dock..er/docker")]
    [InlineData("dock_.er/docker")]
    [InlineData("docker-/docker")]
    [InlineData("docker/")]
    [InlineData("/docker")]
    [InlineData("[fc00::1]")]
    [InlineData("[fc00::1]:5000")]
    [InlineData("fc00::1:5000/debian")]
    [InlineData("[fe80::1%eth0]:5000/debian")]
    [InlineData("[2001:db8:3:4::192.0.2.33]:5000/debian")]
    [InlineData("r.example:0/a")]
    [InlineData("r.example:65536/a")]
    [InlineData("r.example:99999999999999999999/a")]
    [InlineData("r.example:/a")]
    [InlineData("r.example:80:80/a")]
    [InlineData("bücher.example/a")]
    [InlineData("user@r.example/a")]
    [InlineData("r.example/a?b")]
    [InlineData("r.example/%61")]
    public void What_is_no_name_is_none(string text) => Assert.Null(ImageReference.Parse(text));

    [Theory]
    [InlineData(255, true)]
    [InlineData(256, false)]
    public void A_path_has_255_characters_at_most(int length, bool isName) =>
        Assert.Equal(isName, ImageReference.Parse($"r.example/{new string('a', length)}") is not null);

    [Theory]
    [InlineData(128, true)]
    [InlineData(129, false)]
    public void A_tag_has_128_characters_at_most(int length, bool isName) =>
        Assert.Equal(isName, ImageReference.Parse($"a:{new string('b', length)}") is not null);

    [Fact]
    public void A_name_of_a_million_characters_is_judged_at_once() =>
        Assert.Null(ImageReference.Parse(string.Concat(Enumerable.Repeat("a-", 500_000))));

    [Theory]
    [InlineData("1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a", "id")]
    [InlineData("1a3f5e7d9c1b", "id")]
    [InlineData(Sha256, "digest")]
    [InlineData("sha256:7cc4b5ae", "digest")]
    [InlineData("@" + Sha256, "digest")]
    [InlineData("speed-0123456789ab", "speed-…")]
    [InlineData("speed-0123456789ab:1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a", "speed-…")]
    [InlineData("library/speed-a", "speed-…")]
    [InlineData("docker.io/speed-a", "speed-…")]
    [InlineData("DOCKER.IO/library/speed-a", "speed-…")]
    [InlineData("index.docker.io/library/speed-a@" + Sha256, "speed-…")]
    public void Ids_digests_without_a_name_and_what_SPEED_built_are_refused(string text, string word) =>
        Assert.Contains(word, ImageReference.FindRefusal(text), StringComparison.Ordinal);

    [Theory]
    [InlineData("docker.io/library/*", "busybox", true)]
    [InlineData("docker.io/library/*", "user/busybox", false)]
    [InlineData("docker.io/library/*", "docker.io.evil.example/library/a", false)]
    [InlineData("r.example/base", "r.example/base:2", true)]
    [InlineData("r.example/base:1", "r.example/base:1", true)]
    [InlineData("r.example/base:1", "r.example/base:2", false)]
    [InlineData("r.example/base", "R.example/base", true)]
    [InlineData("*", "r.example/a", true)]
    public void An_image_of_the_engine_is_for_everybody_where_a_pattern_matches_its_whole_name(
        string pattern, string name, bool isThere) =>
        Assert.Equal(isThere, new LocalImages([pattern]).Has(ImageReference.Parse(name)!));
}
