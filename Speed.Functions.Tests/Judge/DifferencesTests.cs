using Speed.Tests.Sources;
using Xunit;

namespace Speed.Tests.Judge;

/// <summary>Drives nothing but a rule: what differs from <c>docker build</c>, or from a clone, has its reason in the docs, and a case.</summary>
public sealed class DifferencesTests
{
    // These are so in each image, and every comparison passes them over.
    private static readonly string[] Everywhere = ["The mark of SPEED's own", "Times of files", "Words that SPEED has judged"];

    [Fact]
    public void Each_difference_that_a_case_keeps_is_told_with_its_reason_and_the_other_way_round()
    {
        var told = File.ReadLines(Path.Combine(ArchitectureTests.Root, "docs", "differences.md"))
            .Where(line => line.StartsWith("## ", StringComparison.Ordinal))
            .Select(line => line[3..]);
        var kept = JudgeCase.ReadAll("Dockerfiles").Concat(JudgeCase.ReadAll("IgnoreFiles"))
            .SelectMany(one => one.Differences.Select(difference => difference.Title))
            .Concat(RepositoryCase.All.Select(one => one.Differs).OfType<string>())
            .Distinct();

        Assert.Equal(told.Except(Everywhere).Order(), kept.Order());
    }

    [Fact]
    public void A_case_is_read_as_it_is_written()
    {
        var one = Assert.Single(JudgeCase.Parse("file", """
            == A name
            # a remark
            arg: A=b=c
            target: one
            refused: new legacy
            differs old: A title
            -- Dockerfile
            FROM {parent}␍

            LABEL a="⟨E9⟩⍽"␃
            -- run.sh (executable)
            #!/bin/sh
            -- l -> run.sh
            -- (files)
            a
            b/c
            -- base parent
            FROM scratch

            """));

        Assert.Equal("file: A name", one.ToString());
        Assert.Equal(("A", "b=c"), (one.BuildArgs.Single().Key, one.BuildArgs.Single().Value));
        Assert.Equal(("one", "Dockerfile"), (one.Target, one.Dockerfile));
        Assert.True(one.Refused.Single().Holds(Speed.Runners.Sandbox.Strict, isNew: true));
        Assert.False(one.Refused.Single().Holds(Speed.Runners.Sandbox.Strict, isNew: false));
        Assert.Equal("A title", one.Differences.Single().Title);
        Assert.Equal(
            ["Dockerfile Plain", "run.sh Executable", "l Link", "a Plain", "b/c Plain"],
            one.Files.Select(file => $"{file.Path} {file.Kind}"));
        Assert.Equal([.. "FROM {parent}\r\n\nLABEL a=\""u8, 0xE9, 0xC2, 0xA0, (byte)'"'], one.Files[0].Content);
        Assert.Equal("FROM scratch\n"u8, one.Bases["parent"]);
    }
}
