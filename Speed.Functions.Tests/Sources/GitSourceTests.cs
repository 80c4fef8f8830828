using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Sources;

/// <summary>Drives real Git: a branch becomes a commit and a tree, or a failure with the way out.</summary>
public sealed class GitSourceTests : IAsyncLifetime
{
    private const string Unknown = "1234567890123456789012345678901234567890";
    private SourceWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await SourceWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Without_a_branch_the_default_one_is_fetched_and_named()
    {
        var repository = await _world.Server.CreateAsync("app", r => r
            .File("Dockerfile", "FROM busybox\n").Commit("Say hello"), branch: "trunk");

        await using var tree = await _world.FetchAsync(repository.Url);

        Assert.Equal("trunk", tree.Branch);
        Assert.Equal(repository.Head, tree.Commit);
        Assert.Equal(await repository.GitAsync("rev-parse", "trunk^{tree}"), tree.TreeId);
        Assert.Equal([new SourceFile("Dockerfile", 13, true)], tree.Files);
        Assert.Equal(
            [$"Cloning {repository.Url}", "Found branch trunk", $"Commit {repository.Head}: Say hello", "1 file, 13 bytes"],
            _world.Log);
    }

    [Theory]
    [InlineData("dev")]
    [InlineData("a;b")]
    [InlineData("feature/ünï;x")]
    [InlineData("$(touch x)`y`'\"&|")]
    public async Task A_branch_is_fetched_by_its_name(string branch)
    {
        branch = branch.Replace(' ', '-');
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "1").Branch(branch).File("b", "2"));

        await using var tree = await _world.FetchAsync(repository.Url, branch);

        Assert.Equal(branch, tree.Branch);
        Assert.Equal(await repository.CommitAsync($"refs/heads/{branch}"), tree.Commit);
        Assert.Equal(["a", "b"], tree.Files.Select(file => file.Path));
    }

    [Theory]
    [InlineData("refs/heads/main", "main")]
    [InlineData("heads/main", "main")]
    [InlineData("origin/main", "main")]
    [InlineData("remotes/origin/main", "main")]
    [InlineData("refs/remotes/origin/main", "main")]
    [InlineData("refs/tags/v1", "v1")]
    [InlineData("tags/v1", "v1")]
    [InlineData("origin/odd", "origin/odd")]
    public async Task A_name_as_git_spells_it_stands_for_the_branch_or_tag(string spelled, string name)
    {
        var repository = await _world.Server.CreateAsync("app", r => r
            .File("a", "1").Tag("v1").File("a", "2").Branch("origin/odd").File("a", "3").Branch("odd").File("a", "4"));

        await using var tree = await _world.FetchAsync(repository.Url, spelled);
        await using var byCommit = await _world.FetchAsync(repository.Url, spelled, repository.Head);

        Assert.Equal((name, await repository.CommitAsync(name)), (tree.Branch, tree.Commit));
        Assert.Equal((name, repository.Head), (byCommit.Branch, byCommit.Commit));
    }

    [Fact]
    public async Task A_whole_name_is_no_other_branch_that_is_called_so()
    {
        var repository = await _world.Server.CreateAsync("app", r => r
            .File("a", "1").Branch("refs/heads/main").File("a", "2"));

        await using var tree = await _world.FetchAsync(repository.Url, "refs/heads/main");

        Assert.Equal(repository.Head, tree.Commit);
    }

    [Fact]
    public async Task A_branch_comes_before_a_tag_of_the_same_name()
    {
        var repository = await _world.Server.CreateAsync("app", r => r
            .File("a", "1").Tag("v1").File("a", "2").Branch("v1").File("a", "3"));

        await using var tree = await _world.FetchAsync(repository.Url, "v1");

        Assert.Equal(await repository.CommitAsync("refs/heads/v1"), tree.Commit);
    }

    [Theory]
    [InlineData("light", false)]
    [InlineData("annotated", false)]
    [InlineData("light", true)]
    [InlineData("annotated", true)]
    public async Task A_tag_stands_for_the_commit_it_names(string tag, bool oldServer)
    {
        _world.Server.IsOld = oldServer;
        var repository = await _world.Server.CreateAsync("app", r => r
            .File("a", "1").Tag("light").AnnotatedTag("annotated").File("a", "2").Commit("Later"));

        await using var tree = await _world.FetchAsync(repository.Url, tag);

        Assert.Equal(tag, tree.Branch);
        Assert.Equal(await repository.CommitAsync("main~1"), tree.Commit);
        Assert.Contains($"Found tag {tag}", _world.Log);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_that_is_not_the_head_is_fetched(bool oldServer)
    {
        _world.Server.IsOld = oldServer;
        var repository = await _world.Server.CreateAsync("app", r => r
            .File("a", "1").Commit("First").File("a", "2").Commit("Second"));
        var first = await repository.CommitAsync("main~1");

        await using var tree = await _world.FetchAsync(repository.Url, commit: first.ToUpperInvariant());

        Assert.Equal(first, tree.Commit);
        Assert.Equal("main", tree.Branch);
        Assert.Equal("1", await tree.ReadTextAsync("a", CancellationToken.None));
    }

    [Fact]
    public async Task The_branch_given_with_a_commit_stays_its_name_though_it_is_gone()
    {
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "1"));

        await using var tree = await _world.FetchAsync(repository.Url, "gone", repository.Head);

        Assert.Equal("gone", tree.Branch);
        Assert.Equal(repository.Head, tree.Commit);
    }

    [Fact]
    public async Task A_later_attempt_fetches_what_the_first_one_resolved()
    {
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "1").Commit("First"));
        var first = repository.Head;
        await repository.ChangeAsync(r => r.File("a", "2").Commit("Second"));
        var deployment = SourceWorld.Deployment(repository.Url) with { Branch = "main", Commit = first };

        await using var tree = await _world.FetchAsync(deployment, CancellationToken.None);

        Assert.Equal(first, tree.Commit);
    }

    [Fact]
    public async Task A_detached_head_is_fetched_as_HEAD()
    {
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "1").Commit("One").File("a", "2"));
        var first = await repository.CommitAsync("main~1");
        await repository.GitAsync("update-ref", "--no-deref", "HEAD", first);

        await using var tree = await _world.FetchAsync(repository.Url);

        Assert.Equal("HEAD", tree.Branch);
        Assert.Equal(first, tree.Commit);
    }

    [Fact]
    public async Task A_repository_of_sha256_works_too()
    {
        var folder = Directory.CreateTempSubdirectory("speed-sha256-").FullName;
        await GitCli.RunAsync(folder, "init", "-q", "-b", "main", "--object-format=sha256", ".");
        await GitCli.RunAsync(
            folder, "-c", "user.name=a", "-c", "user.email=b@c", "commit", "-q", "--allow-empty", "-m", "Empty");
        var head = await GitCli.RunAsync(folder, "rev-parse", "HEAD");

        await using var byBranch = await _world.FetchAsync(new Uri(folder).AbsoluteUri, "main");
        await using var byCommit = await _world.FetchAsync(new Uri(folder).AbsoluteUri, commit: head);

        Assert.Equal(64, head.Length);
        Assert.Equal(head, byBranch.Commit);
        Assert.Equal(head, byCommit.Commit);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_missing_branch_is_told_with_those_that_exist()
    {
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "1").Branch("dev").File("b", "2"));

        var failure = await _world.FailAsync(repository.Url, "mian");

        Assert.Equal(FailureCode.BranchNotFound, failure.Code);
        Assert.Equal($"Branch `mian` does not exist in {repository.Url}; it has `main`, `dev`.", failure.Message);
    }

    [Fact]
    public async Task Of_many_branches_a_few_are_named()
    {
        var repository = await _world.Server.CreateAsync("app", r =>
        {
            r.File("a", "1").Commit("One");
            foreach (var i in Enumerable.Range(0, 30))
            {
                r.Branch($"b{i:00}");
            }
        });

        var failure = await _world.FailAsync(repository.Url, "mian");

        Assert.Contains("it has `main`, `b00`,", failure.Message);
        Assert.EndsWith("and 21 more.", failure.Message);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("main")]
    public async Task An_empty_repository_is_told_as_such(string? branch)
    {
        var repository = await _world.Server.CreateAsync("app");

        var failure = await _world.FailAsync(repository.Url, branch);

        Assert.Equal(FailureCode.BranchNotFound, failure.Code);
        Assert.Equal($"The repository {repository.Url} is empty: it has no branch yet.", failure.Message);
    }

    [Fact]
    public async Task A_default_branch_that_does_not_exist_is_told_with_those_that_do()
    {
        var repository = await _world.Server.CreateAsync("app", r => r.Branch("dev").File("a", "1"));

        var failure = await _world.FailAsync(repository.Url);

        Assert.Equal(FailureCode.BranchNotFound, failure.Code);
        Assert.EndsWith("does not exist; it has `dev`.", failure.Message);
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("main", false)]
    [InlineData(null, true)]
    public async Task A_missing_commit_is_told(string? branch, bool oldServer)
    {
        _world.Server.IsOld = oldServer;
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "1"));

        var failure = await _world.FailAsync(repository.Url, branch, Unknown);

        Assert.Equal(FailureCode.CommitNotFound, failure.Code);
        Assert.Contains(Unknown, failure.Message);
    }

    [Fact]
    public async Task The_id_of_a_file_is_no_commit()
    {
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "1"));
        var blob = await repository.GitAsync("rev-parse", "main:a");

        var failure = await _world.FailAsync(repository.Url, "main", blob);

        Assert.Equal(FailureCode.CommitNotFound, failure.Code);
    }

    [Fact]
    public async Task A_missing_repository_is_told()
    {
        var failure = await _world.FailAsync(_world.Server.Url + "/none.git");

        Assert.Equal(FailureCode.RepoNotFound, failure.Code);
        Assert.Contains(_world.Server.Url + "/none.git", failure.Message);
    }

    [Theory]
    [InlineData("file:///nowhere/at/all.git")]
    [InlineData("file:///tmp")]
    public async Task A_folder_that_is_missing_or_no_repository_is_told(string url)
    {
        var failure = await _world.FailAsync(url, "main");

        Assert.Equal(FailureCode.RepoNotFound, failure.Code);
    }

    [Theory]
    [InlineData(401, FailureCode.AuthRequired)]
    [InlineData(403, FailureCode.AuthRequired)]
    [InlineData(404, FailureCode.RepoNotFound)]
    [InlineData(500, FailureCode.CloneFailed)]
    [InlineData(302, FailureCode.CloneFailed)]
    public async Task What_the_server_refuses_is_told(int status, FailureCode code)
    {
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "1"));
        _world.Server.Answer(status);

        var failure = await _world.FailAsync(repository.Url);

        Assert.Equal(code, failure.Code);
        Assert.NotNull(failure.Hint);
        Assert.Empty(_world.Workspaces);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_told_with_the_words_of_git()
    {
        var failure = await _world.FailAsync("http://127.0.0.1:9/app.git");

        Assert.Equal(FailureCode.CloneFailed, failure.Code);
        Assert.Contains("Failed to connect", failure.Message);
    }
}
