using Speed.Deployments;
using Speed.Dockerfiles;
using Xunit;

namespace Speed.Tests.Dockerfiles;

/// <summary>Drives nothing but a rule: what comes into a build is told as the engine will take it, or refused.</summary>
public sealed class BuildGraphTests
{
    [Theory]
    [InlineData("ADD ht${X}tp://h/s /x", "AddUrl http://h/s")]
    [InlineData("ADD ht$@tp://h/s /x", "AddUrl http://h/s")]
    [InlineData("ADD ${X:-http}://h/s /x", "AddUrl http://h/s")]
    [InlineData("ADD [\"http\\u003a//h/s\", \"/x\"]", "AddUrl http://h/s")]
    [InlineData("ADD x\\\" http://h/s \\\" /x/", "AddFile x\", AddUrl http://h/s, AddFile \"")]
    [InlineData("RUN x \\\u00A0\nADD http://h/s /x", "AddUrl http://h/s")]
    [InlineData("ADD h\"tt\"p://h/s /x", "AddUrl http://h/s")]
    [InlineData("ADD h'tt'p://h/s /x", "AddUrl http://h/s")]
    [InlineData("ADD h\\ttp://h/s /x", "AddUrl http://h/s")]
    [InlineData("ADD \uFEFFhttp://h/s /x", "AddUrl http://h/s")]
    [InlineData("ENV U=http://h/s\nADD $U /x", "AddUrl http://h/s")]
    [InlineData("ENV A=1 U=$A\nADD f$U /x", "AddFile f")]
    [InlineData("ENV U http://h/s\nADD $U /x", "AddUrl http://h/s")]
    [InlineData("ENV \"U\"=http://h/s\nADD $U /x", "AddUrl http://h/s")]
    [InlineData("ARG U=http://h/s\nADD $U /x", "AddUrl http://h/s")]
    [InlineData("ADD a b c /x/", "AddFile a, AddFile b, AddFile c")]
    [InlineData("ADD --chmod=600 http://h/s /x", "AddUrl http://h/s")]
    [InlineData("ADD <<EOF http://h/s /x/\nADD http://no\nEOF", "AddUrl http://h/s")]
    [InlineData("ADD HTTP://h/s /x", "AddGit HTTP://h/s")]
    [InlineData("ADD git@h:p.git /x", "AddGit git@h:p.git")]
    [InlineData("ADD ssh://h/p /x", "AddGit ssh://h/p")]
    [InlineData("ADD https://h/p.git#main /x", "AddGit https://h/p.git#main")]
    [InlineData("ADD 127.0.0.1:8/p.git /x", "AddGit 127.0.0.1:8/p.git")]
    [InlineData("ADD h/p%2egit?a /x", "AddGit h/p%2egit?a")]
    [InlineData("ADD /p.git /x", "AddGit /p.git")]
    [InlineData("ADD ./p.git /x", "AddFile ./p.git")]
    [InlineData("ADD .git p.git /x/", "AddFile .git, AddFile p.git")]
    [InlineData("COPY --from=[2001:db8::1]:5/i:1 /a /b", "FromImage [2001:db8::1]:5/i:1")]
    [InlineData("COPY http://h/s /x", "")]
    [InlineData("ONBUILD ADD http://h/s /x", "")]
    [InlineData("ONBUILD COPY --from=b /x /x", "")]
    [InlineData("COPY --fr\\om=127.0.0.1:5/i:1 /a /b", "FromImage 127.0.0.1:5/i:1")]
    [InlineData("RUN --mount=\"type=bind,from=b\" x", "MountImage b")]
    [InlineData("RUN --mount=type=bind,FROM=b x", "MountImage b")]
    [InlineData("RUN --mount=from=0 x", "MountImage 0")]
    [InlineData("RUN --mount=type=cache,target=/c x", "CacheMount /c")]
    [InlineData("RUN --mount=type=cache,target=/c,id=i$X x", "CacheMount ")]
    [InlineData("COPY --from=scratch /a /b", "Stage scratch")]
    [InlineData("RUN \"unclosed\nADD http://h/s /x", "AddUrl http://h/s")]
    public async Task Whatever_the_engine_would_fetch_is_told(string lines, string expected) => Assert.Equal(
        expected.Length == 0 ? "Base a" : $"Base a, {expected}", await new Walker($"FROM a\n{lines}\n").TellAsync());

    [Theory]
    [InlineData("ARG X=${V#v}\nFROM a\nENV Y=${V//a/b}\nRUN x", "Base a")]
    [InlineData("FROM a\nARG X=${V%x}\nARG X=b\nADD $X /x", "Base a, AddFile b")]
    [InlineData("FROM a\nENV V=${X-1}\nADD f$V /x", "Base a, AddFile f1")]
    [InlineData("FROM a${X+b}", "Base a")]
    [InlineData("FROM a\nHEALTHCHECK --interval=1s CMD x\nLABEL a=${b#c}", "Base a")]
    [InlineData("FROM a\nCMD [\"a\"] # and why\nRUN x", "Base a")]
    [InlineData("FROM b AS unused\nADD ${X#y} /x\nFROM a", "Base a")]
    [InlineData("ARG SOURCE_DATE_EPOCH=1700000000\nFROM a", "Base a")]
    [InlineData("ARG SOURCE_DATE_EPOCH\nFROM a", "Base a")]
    public async Task What_nothing_hangs_on_passes(string text, string expected) =>
        Assert.Equal(expected, await new Walker(text).TellAsync());

    [Theory]
    [InlineData("FROM ${V#v}a", 1)]
    [InlineData("ARG X=${V#v}\nFROM a$X", 2)]
    [InlineData("ARG X=${V#v}\nFROM a\nARG X\nADD $X /x", 4)]
    [InlineData("FROM a\nENV X=${V/a/b}\nADD $X /x", 3)]
    [InlineData("FROM a\nENV ${V#v}=b\nADD $X /x", 3)]
    [InlineData("FROM a\nARG A$B=c\nADD $X /x", 3)]
    [InlineData("FROM a\nADD ht$étp://h/x /x", 2)]
    [InlineData("FROM --platform=${V#v} a", 1)]
    [InlineData("FROM a\nCOPY --from=$X /a /b", 2)]
    [InlineData("FROM a\nCOPY --from=b\\\\c /a /b", 2)]
    [InlineData("FROM a\nCOPY --from=7 /a /b", 2)]
    [InlineData("FROM a\nCOPY --from=-1 /a /b", 2)]
    [InlineData("FROM a\nRUN --mount=type=bind,from=${X} x", 2)]
    [InlineData("FROM a\nRUN --mount=from=b,from=c x", 2)]
    [InlineData("FROM a\nRUN --mount=from=b\\\"c x", 2)]
    [InlineData("FROM a\nCOPY --from=bà /a /b", 2)]
    [InlineData("FROM a\nRUN --mount=source=é x", 2)]
    [InlineData("FROM a\nRUN --device=x y", 2)]
    [InlineData("ARG SOURCE_DATE_EPOCH=x\nFROM scratch AS x\nADD http://h/s /x\nFROM a", 2)]
    [InlineData("ARG SOURCE_DATE_EPOCH=${V#v}\nFROM a", 2)]
    public async Task What_cannot_be_told_and_something_hangs_on_is_refused_with_its_line(string text, int line)
    {
        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => new Walker(text).WalkAsync());

        Assert.Equal(FailureCode.DockerfileRefused, failure.Code);
        Assert.Contains($" on line {line} ", failure.Message, StringComparison.Ordinal);
        Assert.NotEmpty(failure.Hint!);
    }

    [Theory]
    [InlineData("FROM ${U?x}", "FROM on line 1", "`U`", "(x)", "before the first FROM")]
    [InlineData("FROM --platform=${U:?x} a", "FROM on line 1", "`U`", "(x)", "before the first FROM")]
    [InlineData("FROM a\nADD ${U:?please} /x", "ADD on line 2", "`U`", "(please)", "`ARG U`")]
    [InlineData("FROM a\nADD ${U?} /x", "ADD on line 2", "`U`", "(is not allowed to be unset)", "`ARG U`")]
    [InlineData("FROM a\nENV A=${U:?please}", "ENV on line 2", "`U`", "(please)", "`ARG U`")]
    [InlineData("FROM a\nARG A=${U:?}", "ARG on line 2", "`U`", "(is not allowed to be unset)", "`ARG U`")]
    public async Task A_value_that_a_line_wants_and_nobody_gives_is_named(
        string text, string where, string name, string why, string wayOut)
    {
        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => new Walker(text).WalkAsync());

        Assert.Equal(FailureCode.BuildFailed, failure.Code);
        Assert.StartsWith($"{where} of the Dockerfile wants a value for {name}", failure.Message, StringComparison.Ordinal);
        Assert.Contains(why, failure.Message, StringComparison.Ordinal);
        Assert.Contains(wayOut, failure.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("FROM a\nENV X=\"open")]
    [InlineData("FROM a\nARG X=${open")]
    [InlineData("FROM a\nADD 'open /x")]
    public async Task What_no_engine_can_read_fails_with_its_line(string text)
    {
        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => new Walker(text).WalkAsync());

        Assert.Equal("user", failure.Code.Fault);
        Assert.Contains(" on line 2 ", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("# check=skip=all\n# escape=`\nFROM a\nRUN x \\\nADD http://h/s /x")]
    [InlineData("FROM a\nADD [\"http://h/s\", \"/x\"] more")]
    [InlineData("# escape=`\nFROM a\nCOPY --fr\\om=b /a /b")]
    [InlineData("FROM a\nARG A=http://h/s B=$A\nADD $B /x")]
    [InlineData("FROM a\nRUN cat << \"RUN x\"\nADD http://h/s /x\nRUN x")]
    [InlineData("FROM a\nRUN x ${V#y} <<\"RUN x\"\nADD http://h/s /x\nRUN x")]
    [InlineData("ARG X=${Y-a}\nFROM a\nARG X=b\nARG X\nADD ${X}http://h/s /x")]
    [InlineData("FROM a\nRUN x \\\r\r\nADD http://h/s /x")]
    [InlineData("FROM a\nADD ${TARGETSTAGE}http://h/s /x\nARG TARGETSTAGE\nADD ${TARGETSTAGE}http://h/s /x")]
    [InlineData("#\u00A0escape=`\nFROM a\nRUN x \\\nADD http://h/s /x")]
    public async Task What_two_generations_of_engines_read_differently_is_refused(string text)
    {
        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => new Walker(text).WalkAsync());

        Assert.Equal(FailureCode.DockerfileRefused, failure.Code);
        Assert.Contains("not every version of Docker reads it so", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("FROM a AS one\nENV U=http://h/s\nFROM one\nADD $U /x", "Base a, Stage one, AddUrl http://h/s")]
    [InlineData("FROM a AS one\nARG U=http://h/s\nFROM one\nADD $U /x", "Base a, Stage one, AddUrl http://h/s")]
    [InlineData("FROM a AS one\nENV U=f\nARG U=g\nFROM one\nADD $U /x", "Base a, Stage one, AddFile f")]
    [InlineData("FROM a\nCOPY --from=two / /\nFROM b AS two\nFROM a", "Base a")]
    [InlineData("FROM a AS one\nCOPY --from=two / /\nFROM b AS two\nFROM one", "Base a, Stage two, Base b, Stage one")]
    [InlineData("FROM a AS one\nONBUILD ENV U=http://h/s\nFROM one\nADD $U /x", "Base a, Stage one, AddUrl http://h/s")]
    [InlineData("ARG S=one\nFROM a AS one\nFROM $S", "Base a, Stage one")]
    [InlineData("FROM a AS one\nFROM One", "Base One")]
    [InlineData("ARG HTTP_PROXY\nFROM a\nADD f$HTTP_PROXY /x", "Base a, AddFile f")]
    [InlineData("FROM a\nADD f$TARGETARCH /x\nARG TARGETARCH\nADD f$TARGETARCH /x", "Base a, AddFile f, AddFile famd64")]
    [InlineData("FROM a\nADD f$PATH /x", "Base a, AddFile f/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")]
    public async Task Stages_carry_on_what_they_set(string text, string expected) =>
        Assert.Equal(expected, await new Walker(text).TellAsync());

    [Theory]
    [InlineData("FROM a AS one\nARG U=g\nFROM one\nADD f$U /x", "Base a, Stage one, AddFile f")]
    [InlineData("FROM a\nENV U=f\nARG U=g\nADD $U /x", "Base a, AddFile f")]
    [InlineData("FROM a\nADD f$HTTP_PROXY /x", "Base a, AddFile fp")]
    [InlineData("FROM a AS one\nFROM ONE", "Base a, Stage ONE")]
    [InlineData("FROM a\nARG TARGETARCH\nADD f$TARGETARCH /x", "Base a, AddFile f")]
    public async Task The_legacy_builder_carries_on_less(string text, string expected) => Assert.Equal(
        expected, await new Walker(text) { Builder = Builder.Legacy, BuildArgs = new() { ["HTTP_PROXY"] = "p" } }.TellAsync());

    [Theory]
    [InlineData("FROM a AS one\nCOPY --from=two / /\nFROM b AS two")]
    [InlineData("FROM a AS one\nCOPY --from=one / /")]
    [InlineData("FROM a AS one\nCOPY --from=1 / /\nFROM b")]
    public async Task The_legacy_builder_takes_nothing_from_a_stage_that_is_not_there_yet(string text)
    {
        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(
            () => new Walker(text) { Builder = Builder.Legacy, Target = "one" }.WalkAsync());

        Assert.Equal(FailureCode.DockerfileRefused, failure.Code);
        Assert.Contains("on line 2", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_variables_of_a_base_count()
    {
        var walker = new Walker("FROM a\nADD $U /x\nADD ht${V}tp://h/s /x")
        {
            Environment = new() { ["U"] = "http://h/s", ["V"] = "z" },
        };

        Assert.Equal("Base a, AddUrl http://h/s, AddGit htztp://h/s", await walker.TellAsync());
    }

    [Theory]
    [InlineData("ADD http://h/s /x")]
    [InlineData("ADD git@h:p /x")]
    [InlineData("COPY --from=b /x /x")]
    [InlineData("RUN --mount=from=b x")]
    [InlineData("RUN --network=host x")]
    [InlineData("ADD $U /x")]
    [InlineData("RUN x\nRUN y")]
    public async Task A_base_brings_nothing_in_by_an_ONBUILD(string trigger)
    {
        var walker = new Walker("FROM a") { Triggers = [trigger], Environment = new() { ["U"] = "http://h/s" } };
        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(walker.WalkAsync);

        Assert.Equal(FailureCode.DockerfileRefused, failure.Code);
        Assert.Contains("on line 1 ", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("FROM a AS one\nONBUILD ADD http://h/s /x\nFROM one")]
    [InlineData("FROM a AS one\nONBUILD COPY --from=b / /\nFROM one")]
    public async Task Nor_does_a_stage_to_those_that_stand_on_it(string text)
    {
        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => new Walker(text).WalkAsync());

        Assert.Contains("FROM on line 3 ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_ONBUILD_of_a_base_changes_the_variables_of_the_stage()
    {
        var walker = new Walker("FROM a\nADD $U /x") { Triggers = ["ENV U=http://h/s", "COPY . /app", "ARG X"] };

        Assert.Equal("Base a, AddUrl http://h/s", await walker.TellAsync());
    }

    [Fact]
    public async Task Each_image_is_asked_for_once_and_by_the_likeliest_reading_alone()
    {
        var walker = new Walker("FROM a AS x\nFROM a\nCOPY --from=b / /\nCOPY --from=b / /\nCOPY --from=x / /");
        var hostile = new Walker("# check=x\n# escape=`\nFROM a\nRUN x \\\nCOPY --from=b / /");

        await walker.WalkAsync();
        await Assert.ThrowsAsync<DeploymentFailedException>(hostile.WalkAsync);

        Assert.Equal(["a", "b"], walker.Asked);
        Assert.Equal(["a"], hostile.Asked);
    }

    [Fact]
    public async Task Thousands_of_stages_are_walked_through()
    {
        var text = "FROM a AS s0\n" + string.Concat(
            Enumerable.Range(1, 8_000).Select(i => $"FROM s{i - 1} AS s{i}\nCOPY --from=s{i - 1} / /\n"));

        Assert.Equal(["a"], (await new Walker(text).WalkAsync()).Where(one => one.IsImage).Select(one => one.Value));
    }

    [Fact]
    public async Task The_variables_without_a_value_are_named()
    {
        var references = await new Walker("ARG TAG\nFROM a:$TAG\nADD http://h/v$UNSET/${X:-x}/f /x").WalkAsync();

        Assert.Equal(["TAG"], references[0].Unset);
        Assert.Equal(["UNSET"], references[1].Unset);
    }
}
