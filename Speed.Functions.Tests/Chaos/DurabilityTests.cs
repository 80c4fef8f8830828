using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace Speed.Tests.Chaos;

/// <summary>Drives SPEED's process: under strace, first the write, then the disk, then the answer.</summary>
public sealed partial class DurabilityTests : IAsyncLifetime
{
    private const int Clients = 4;
    private const string Url = "https://example.org/r.git";

    // Nothing runs: every message that leaves the process is an answer.
    private readonly SpeedProcess _speed = new(("Speed__MaxRunning", "0"), ("Speed__MaxQueued", "100000"));

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.Null(StraceTrace.Hindrance);
        await _speed.StartAsync();
    }

    public ValueTask DisposeAsync() => _speed.DisposeAsync();

    [Fact]
    public async Task Every_answer_leaves_after_the_fsync_that_follows_its_own_write()
    {
        var id = await _speed.DeployAsync(Url);
        await using var strace = await StraceTrace.AttachAsync(
            _speed.Id, "--decode-fds=path", "--string-limit=5000",
            "--trace=pwrite64,fsync,fdatasync,sendto,sendmsg,write,writev");

        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => WriteAsync(client, id)));
        var proven = Prove(await strace.DetachAsync());

        Scale.Say($"strace: {proven.Count} answers, each after the fsync that followed its own write");
        Assert.Equal(Scale.Answers, proven.Count);
    }

    [Fact]
    public async Task Killed_after_the_commit_and_before_the_answer_what_was_written_stays()
    {
        var random = new Random(Scale.Seed);
        var acknowledged = new List<long>();
        for (var kill = 0; kill < 5; kill++)
        {
            acknowledged.AddRange(await DieAtAnswerAsync(random.Next(2, 9)));
            var rows = Snapshot.Read(_speed.DataDirectory).Rows;

            // The one that died unanswered, too.
            Assert.All(acknowledged, id => Assert.True(rows.ContainsKey(id)));
            Assert.Equal(acknowledged.Count + kill + 1, rows.Count);
            await _speed.StartAsync();
        }
    }

    // The kernel is asked to send the answer number n, and kills the process instead.
    private async Task<List<long>> DieAtAnswerAsync(int n)
    {
        await using var strace = await StraceTrace.AttachAsync(
            _speed.Id, "--trace=sendto,sendmsg", $"--inject=sendto,sendmsg:signal=KILL:when={n}");
        List<long> acknowledged = [];
        try
        {
            while (true)
            {
                acknowledged.Add(await _speed.DeployAsync(Url));
            }
        }
        catch (HttpRequestException)
        {
            await _speed.ExitsAsync(TimeSpan.FromSeconds(10));
            return acknowledged;
        }
    }

    private async Task WriteAsync(int client, long id)
    {
        for (var n = client; n < Scale.Answers; n += Clients)
        {
            var mark = $"mark-{n:D5}-";
            using var request = new HttpRequestMessage(HttpMethod.Post, (n % 3) switch
            {
                0 => "/start",
                1 => "/update",
                _ => $"/add_results/{id}",
            })
            {
                Content = (n % 3) switch
                {
                    0 => JsonContent.Create(new { url = $"https://example.org/{mark}.git", branch = "main" }),
                    1 => JsonContent.Create(new { id, new_results = mark }),
                    _ => JsonContent.Create(new { results = mark }),
                },
                Headers = { { "X-Request-Id", mark } },
            };
            using var answer = await _speed.Client.SendAsync(request, Now);
            answer.EnsureSuccessStatusCode();
        }
    }

    /// <summary>Reads the trace in its order. Gives the marks that were written, then synced, then answered.</summary>
    private static HashSet<string> Prove(IEnumerable<string> trace)
    {
        HashSet<string> written = [], synced = [], proven = [];
        var syncing = new Dictionary<string, HashSet<string>>();
        foreach (var line in trace)
        {
            var thread = line.Split(' ')[0];
            var marks = Mark().Matches(line).Select(match => match.Value);
            if (line.Contains("pwrite64(", StringComparison.Ordinal)
                && line.Contains("deployments.db-wal", StringComparison.Ordinal))
            {
                written.UnionWith(marks);
            }
            else if (Sync().IsMatch(line))
            {
                // What is written from here on waits for the next one.
                syncing[thread] = [.. written];
            }

            if (line.EndsWith("= 0", StringComparison.Ordinal) && syncing.Remove(thread, out var done))
            {
                synced.UnionWith(done);
            }

            if (line.Contains("HTTP/1.1 2", StringComparison.Ordinal))
            {
                foreach (var mark in marks)
                {
                    Assert.True(synced.Contains(mark), $"{mark} was answered before it was on the disk: {line}");
                    proven.Add(mark);
                }
            }
        }

        return proven;
    }

    [GeneratedRegex(@"mark-\d{5}-")]
    private static partial Regex Mark();

    [GeneratedRegex(@"\bf(data)?sync\(\d+<[^>]*deployments\.db-wal>")]
    private static partial Regex Sync();
}
