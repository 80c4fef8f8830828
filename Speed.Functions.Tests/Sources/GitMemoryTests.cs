using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Speed.Deployments;
using Speed.Sources;
using Xunit;

namespace Speed.Tests.Sources;

// What is allocated is counted for the whole process.
/// <summary>Drives real Git: what a repository makes it take, and SPEED, is held to a limit.</summary>
[Collection(nameof(ContextMemoryTests))]
public sealed class GitMemoryTests : IAsyncLifetime
{
    private const int Mebibyte = 1024 * 1024;
    private const int SmallMb = 128;
    private const int BombMb = 200;
    private const int SpeedMb = 20;

    private SourceWorld _world = null!;

    public async ValueTask InitializeAsync()
    {
        Assert.True(GitMemory.FindProgram("prlimit") is not null, "This test needs prlimit, of util-linux.");
        _world = await SourceWorld.StartAsync();
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_pack_of_a_few_hundred_KiB_that_says_to_be_a_commit_of_200_MiB_is_too_large()
    {
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "1"));
        var tree = await repository.GitAsync("rev-parse", "main^{tree}");
        var commit = await GitCli.RunAsync(repository.Folder, input =>
        {
            using var writer = new StreamWriter(input);
            writer.Write($"tree {tree}\n");
            writer.Write("author a <a@b.example> 1 +0000\ncommitter a <a@b.example> 1 +0000\n\n");
            var line = new string('x', Mebibyte - 1) + "\n";
            foreach (var _ in Enumerable.Range(0, BombMb))
            {
                writer.Write(line);
            }
        }, "hash-object", "-t", "commit", "-w", "--stdin");
        await repository.GitAsync("update-ref", "refs/heads/bomb", commit);

        await IsTooLargeAsync(repository);
    }

    [Fact]
    public async Task A_pack_of_a_few_KiB_with_a_difference_that_makes_200_MiB_of_it_is_too_large()
    {
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "1"));
        var pack = DeltaBomb();
        Assert.InRange(pack.Length, 1, 4096);
        await GitCli.RunAsync(repository.Folder, input => input.Write(pack), "index-pack", "--stdin");
        await repository.GitAsync("update-ref", "refs/heads/bomb", await TreeOfAsync(repository, BombId()));

        await IsTooLargeAsync(repository);
    }

    [Fact]
    public async Task More_branches_than_git_may_hold_are_too_much()
    {
        var repository = await WithBranchesAsync(400_000);

        await IsTooLargeAsync(repository, "main");
    }

    [Fact]
    public async Task Branches_are_counted_as_they_come_and_SPEED_holds_none_of_them()
    {
        var repository = await WithBranchesAsync(200_000);
        var before = GC.GetTotalAllocatedBytes();

        var failure = await _world.FailAsync(repository.Url, "none");

        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, SpeedMb * Mebibyte);
        Assert.Equal(FailureCode.BranchNotFound, failure.Code);
        Assert.Contains("it has `main`, `b000000", failure.Message, StringComparison.Ordinal);
        Assert.EndsWith(" and 199,991 more.", failure.Message, StringComparison.Ordinal);

        _world.Options.MaxRefs = 1_000;
        var tooMany = await _world.FailAsync(repository.Url, "main");
        Assert.Equal(FailureCode.RepoTooLarge, tooMany.Code);
        Assert.Equal($"{repository.Url} has more than 1,000 branches and tags.", tooMany.Message);
    }

    [Fact]
    public async Task An_honest_repository_is_fetched_under_a_small_limit_and_without_any()
    {
        _world.Options.MemoryMb = SmallMb;
        var repository = await _world.Server.CreateAsync("app", r => r.Large("big", 40 * Mebibyte, random: true));

        await using (var tree = await _world.FetchAsync(repository.Url))
        {
            Assert.Equal(40 * Mebibyte, Assert.Single(tree.Files).Size);
        }

        _world.Options.LimitProgram = null;
        await using var again = await _world.FetchAsync(repository.Url);
        Assert.Single(again.Files);
    }

    [Fact]
    public void Where_there_is_no_prlimit_the_doctor_says_so()
    {
        var with = new GitMemory(_world.Options).Finding;
        _world.Options.LimitProgram = null;
        var without = new GitMemory(_world.Options).Finding;

        Assert.Equal(new Finding("git memory", "2,048 MiB at most (Speed__Git__MemoryMb)"), with);
        Assert.Contains("Speed__Git__MemoryMb does not hold", without.Detail, StringComparison.Ordinal);
        Assert.Equal(OperatingSystem.IsLinux(), !without.IsOk);
    }

    [Fact]
    public void What_the_server_says_is_not_taken_for_git_s_own_words() =>
        new GitMemory(_world.Options).Require(new GitExit(128, "remote: fatal: Out of memory, malloc failed\nfatal: early EOF"));

    private async Task IsTooLargeAsync(GitRepository repository, string branch = "bomb")
    {
        _world.Options.MemoryMb = SmallMb;
        var before = GC.GetTotalAllocatedBytes();

        var failure = await _world.FailAsync(repository.Url, branch);

        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, SpeedMb * Mebibyte);
        Assert.Equal(FailureCode.RepoTooLarge, failure.Code);
        Assert.Contains("the 128 MiB that it may take (Speed__Git__MemoryMb)", failure.Message, StringComparison.Ordinal);
        Assert.Empty(_world.Workspaces);
    }

    private async Task<GitRepository> WithBranchesAsync(int count)
    {
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "1"));
        var tail = new string('n', 180);
        await using var packed = new StreamWriter(Path.Combine(repository.Folder, "packed-refs"));
        await packed.WriteAsync("# pack-refs with: peeled fully-peeled sorted \n");
        for (var i = 0; i < count; i++)
        {
            await packed.WriteAsync($"{repository.Head} refs/heads/b{i:D8}{tail}\n");
        }

        return repository;
    }

    private static async Task<string> TreeOfAsync(GitRepository repository, string blob)
    {
        var tree = await GitCli.RunAsync(repository.Folder, input =>
        {
            using var writer = new StreamWriter(input);
            writer.Write($"100644 blob {Convert.ToHexStringLower(BaseId())}\tbase\n");
            writer.Write($"100644 blob {blob}\tbig\n");
        }, "mktree");
        return await repository.GitAsync("-c", "user.name=a", "-c", "user.email=b@c", "commit-tree", "-m", "Bomb", tree);
    }

    private static byte[] Base() => new byte[Mebibyte];

    private static byte[] BaseId() => Hash([.. Encoding.ASCII.GetBytes($"blob {Mebibyte}\0"), .. Base()]);

    private static byte[] Hash(byte[] bytes)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(bytes);
        return hash.GetHashAndReset();
    }

    private static string BombId()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(Encoding.ASCII.GetBytes($"blob {BombMb * Mebibyte}\0"));
        foreach (var _ in Enumerable.Range(0, BombMb))
        {
            hash.AppendData(Base());
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    // A pack of two objects: a MiB of zeros, and a delta that copies it two hundred times.
    private static byte[] DeltaBomb()
    {
        using var pack = new MemoryStream();
        pack.Write("PACK"u8);
        WriteNumber(pack, 2);
        WriteNumber(pack, 2);
        WriteObject(pack, type: 3, [], Base());

        using var delta = new MemoryStream();
        WriteVarint(delta, Mebibyte);
        WriteVarint(delta, BombMb * Mebibyte);
        foreach (var _ in Enumerable.Range(0, BombMb))
        {
            // Copy from 0, with a third byte of the size alone: 0x10 << 16 is a MiB.
            delta.Write([0b1100_0000, 0x10]);
        }

        WriteObject(pack, type: 7, BaseId(), delta.ToArray());
        pack.Write(Hash(pack.ToArray()));
        return pack.ToArray();
    }

    private static void WriteObject(MemoryStream pack, int type, byte[] baseId, byte[] content)
    {
        var size = content.Length;
        pack.WriteByte((byte)((size > 15 ? 0x80 : 0) | (type << 4) | (size & 15)));
        if (size > 15)
        {
            WriteVarint(pack, size >> 4);
        }

        pack.Write(baseId);
        using var packed = new ZLibStream(pack, CompressionLevel.Optimal, leaveOpen: true);
        packed.Write(content);
    }

    private static void WriteVarint(MemoryStream stream, int value)
    {
        for (; value > 0x7f; value >>= 7)
        {
            stream.WriteByte((byte)(0x80 | (value & 0x7f)));
        }

        stream.WriteByte((byte)value);
    }

    private static void WriteNumber(MemoryStream stream, int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        stream.Write(bytes);
    }
}
