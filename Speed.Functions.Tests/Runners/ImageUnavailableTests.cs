using Speed.Deployments;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives nothing but a rule: how it is told that an image cannot be had.</summary>
public sealed class ImageUnavailableTests
{
    [Theory]
    [InlineData("https://r.example/a", "no scheme such as `https://`")]
    [InlineData("a b", "no blanks")]
    [InlineData("busybox@sha256", "`sha256` is no digest")]
    [InlineData("busybox@sha256:abcd", "`sha256:abcd` is no digest")]
    [InlineData("user@r.example/a", "`r.example/a` is no digest")]
    [InlineData("[::1]:p/x", "`p` is no port")]
    [InlineData("r.example:0/a", "`0` is no port")]
    [InlineData("r.example:/a", "`` is no port")]
    [InlineData("r.example:65536/a", "`65536` is no port")]
    [InlineData("Busybox", "upper-case")]
    [InlineData("ghcr.io/Me/x:1", "upper-case")]
    [InlineData("a:-1", "`-1` is no tag")]
    [InlineData("r.example:5000/a:", "`` is no tag")]
    public void What_is_wrong_with_a_name_is_said(string text, string fault)
    {
        Assert.Null(ImageReference.Parse(text));

        var failure = ImageUnavailable.NoName(new ImageName(text, 3, null));

        Assert.Equal(FailureCode.DockerfileRefused, failure.Code);
        Assert.StartsWith($"`{text}` on line 3 of the Dockerfile is not the name of an image: ", failure.Message, StringComparison.Ordinal);
        Assert.Contains(fault, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a__-b")]
    [InlineData("/a")]
    [InlineData("a//b")]
    [InlineData("r.example/")]
    [InlineData("")]
    public void Where_that_is_not_known_it_is_a_name_that_is_none(string text)
    {
        Assert.Null(ImageReference.Parse(text));
        Assert.EndsWith(
            "is not the name of an image.", ImageUnavailable.NoName(new ImageName(text, 3, null)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, "with a login")]
    [InlineData(false, "without a login")]
    public void It_is_told_whether_a_login_went_with_the_question(bool hadLogin, string word)
    {
        var failure = Tell("r.example/a", new RegistryAnswer("denied") { HadLogin = hadLogin });

        Assert.Contains(word, failure.Hint, StringComparison.Ordinal);
        Assert.Equal(!hadLogin, failure.Hint!.Contains("`use: registry`", StringComparison.Ordinal));
        Assert.Contains("`r.example/a` is in Speed__Docker__LocalImages", failure.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void A_registry_that_does_not_answer_is_no_matter_of_logins()
    {
        var failure = Tell("r.example/a", RegistryAnswer.Silence("no such host") with { HadLogin = false });

        Assert.Contains("`r.example`", failure.Hint, StringComparison.Ordinal);
        Assert.DoesNotContain("login", failure.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("linux/arm64", true)]
    [InlineData("linux/amd64", false)]
    [InlineData("linux/amd64/v2", false)]
    [InlineData(null, false)]
    public void A_platform_that_is_not_this_machine_s_is_named(string? platform, bool isNamed)
    {
        var failure = Tell("a", RegistryAnswer.Silence("no such host"), platform);

        Assert.Equal(isNamed, failure.Message.StartsWith($"Image `a` for {platform} on line 3", StringComparison.Ordinal));
        Assert.Equal(isNamed, failure.Hint!.Contains($"--platform={platform}, and this machine is linux/amd64", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("75a0", true)]
    [InlineData("cafe", false)]
    [InlineData("75a0:1", false)]
    [InlineData("node18", false)]
    public void What_could_be_the_beginning_of_an_id_is_told_so(string name, bool isTold) =>
        Assert.Equal(isTold, Tell(name, new RegistryAnswer("denied")).Hint!.Contains("beginning of an image's id", StringComparison.Ordinal));

    [Theory]
    [InlineData("[::1]:5000/a", true)]
    [InlineData("r.example:5000/a", false)]
    public void An_engine_that_takes_no_address_of_IPv6_is_named(string name, bool isTold) => Assert.Equal(
        isTold, Tell(name, new RegistryAnswer("no such image: invalid reference format")).Hint!.Contains("IPv6", StringComparison.Ordinal));

    [Theory]
    [InlineData("scratch:latest", true)]
    [InlineData("docker.io/library/scratch", true)]
    [InlineData("r.example/library/scratch", false)]
    public void Scratch_is_no_image(string name, bool isScratch) => Assert.Equal(isScratch, ImageReference.Parse(name)!.IsScratch);

    private static DeploymentFailedException Tell(string name, RegistryAnswer answer, string? platform = null) =>
        ImageUnavailable.For(
            new ImageName(name, 3, platform), ImageReference.Parse(name)!, answer, new LocalImages([]), "linux/amd64");
}
