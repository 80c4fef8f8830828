using Speed.Deployments;
using Speed.Dockerfiles;
using Xunit;

namespace Speed.Tests.Dockerfiles;

/// <summary>Drives nothing but a rule: an ADD that cannot be fetched is told by what it names, with the way out.</summary>
public sealed class AddressedAddTests
{
    [Theory]
    [InlineData("ADD file:///a /x", "names `file:///a`: ADD knows paths of the build context", "without `file://`")]
    [InlineData("ADD ftp://h/a /x", "an address of ftp", "Put the file into the repository, or fetch it in a RUN step.")]
    [InlineData("ADD s3://h/a /x", "an address of s3", "Put the file into the repository")]
    [InlineData("ADD HTTP://h/a /x", "`HTTP://` is not `http://`", "Write `http://`")]
    [InlineData("ADD Https://h/a /x", "`Https://` is not `https://`", "Write `https://`")]
    [InlineData("ADD https://h/a.git /x", "names the Git repository `https://h/a.git`", "submodule")]
    [InlineData("ADD git@h:a.git /x", "names the Git repository `git@h:a.git`", "clone it in a RUN step")]
    [InlineData("ADD vendor/a.git /x", "names the Git repository `vendor/a.git`", "write `./vendor/a.git`")]
    [InlineData("ADD http://h/a /x --chown=1:1", "has `--chown=1:1` behind its paths", "`ADD --chown=1:1 source destination`")]
    [InlineData("ADD http://h/a b /x", "addresses and files of the context together", "two ADD")]
    public async Task What_it_names_is_called_by_its_name(string line, string message, string wayOut)
    {
        var failure = await FailAsync(line);

        Assert.Equal(FailureCode.DockerfileRefused, failure.Code);
        Assert.StartsWith("ADD on line 2 of the Dockerfile ", failure.Message, StringComparison.Ordinal);
        Assert.Contains(message, failure.Message, StringComparison.Ordinal);
        Assert.Contains(wayOut, failure.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ADD ftp://h/a /x")]
    [InlineData("ADD https://h/a.git /x")]
    [InlineData("ADD --unpack http://h/a /x")]
    public async Task A_RUN_step_is_no_way_out_where_it_has_no_network(string line)
    {
        Assert.Contains("RUN step", (await FailAsync(line)).Hint, StringComparison.Ordinal);
        Assert.DoesNotContain("RUN", (await FailAsync(line, hasNetwork: false)).Hint, StringComparison.Ordinal);
    }

    private static async Task<DeploymentFailedException> FailAsync(string line, bool hasNetwork = true)
    {
        Reference[] sources = [.. (await new Walker($"FROM a\n{line}\n").WalkAsync()).Where(one => one.Kind != ReferenceKind.Base)];
        return Assert.Throws<DeploymentFailedException>(() => AddressedAdd.Check(sources[0].Instruction, sources, hasNetwork));
    }
}
