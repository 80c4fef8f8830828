using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives nothing but a rule: what the key of an image is made of.</summary>
public sealed class BuildKeyTests
{
    private static readonly BuildKey Former = new(
        "tree", "Dockerfile", "text", null, new SortedDictionary<string, string> { ["A"] = "1" }, ["sha256:1"], "linux/amd64",
        "BuildKit");

    [Fact]
    public void The_key_of_before_stays_what_it_was() => Assert.Equal(
        BuildKey.Sha256(
            """{"Tree":"tree","Dockerfile":"Dockerfile","DockerfileSha256":"text","Target":null,"BuildArgs":{"A":"1"}"""
            + ""","BaseImages":["sha256:1"],"Platform":"linux/amd64","Builder":"BuildKit"}"""),
        Former.Hash());

    [Fact]
    public void Judged_words_and_the_version_of_the_rules_make_another()
    {
        string[] keys =
        [
            Former.Hash(),
            (Former with { Judged = [], Rules = 1 }).Hash(),
            (Former with { Judged = ["1 Base a"], Rules = 1 }).Hash(),
            (Former with { Judged = ["1 Base b"], Rules = 1 }).Hash(),
            (Former with { Judged = ["1 Base a"], Rules = 2 }).Hash(),
        ];

        Assert.Equal(keys.Length, keys.Distinct().Count());
    }
}
