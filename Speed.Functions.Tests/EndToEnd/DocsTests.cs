using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: the commands of docs/api.md do what stands there.</summary>
public sealed partial class DocsTests
{
    private const string Address = "localhost:7071";
    private const string Repository = "https://github.com/you/app.git";

    // Quiet, and with the headers in a file: the status is in there.
    private const string Prelude = "curl() { command curl --silent --show-error --dump-header \"$HEAD\" \"$@\"; }\n";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_command_of_the_tour_does_what_the_tour_says()
    {
        var world = new World();
        await world.InitializeAsync();
        await using var _ = world;
        var app = await world.RepositoryAsync(r => r.File("Dockerfile", "FROM busybox\nCMD [\"echo\", \"hello\"]\n"));
        var server = world.App.Client.BaseAddress!.Authority;
        var steps = await ReadStepsAsync();
        Assert.True(steps.Count >= 25);

        foreach (var (command, expected) in steps)
        {
            var answer = await RunAsync(command.Replace(Address, server).Replace(Repository, app.Url));

            Assert.True(
                Pattern(expected).IsMatch(answer.Replace(app.Url, Repository)), $"{command}\n# {expected}\nbut: {answer}");
        }
    }

    [Fact]
    public async Task Every_command_of_the_tour_is_followed_by_what_it_answers()
    {
        var lines = await LinesAsync();

        var commands = lines.Count(line => line.StartsWith("curl ", StringComparison.Ordinal));
        Assert.Equal(commands, (await ReadStepsAsync()).Count);
        Assert.Equal(commands, lines.Count(line => Expectation().IsMatch(line)));
    }

    private static async Task<IReadOnlyList<(string Command, string Expected)>> ReadStepsAsync()
    {
        var steps = new List<(string, string)>();
        var command = new List<string>();
        foreach (var line in await LinesAsync())
        {
            if (Expectation().IsMatch(line))
            {
                steps.Add((string.Join('\n', command), line[2..]));
                command.Clear();
            }
            else
            {
                command.Add(line);
            }
        }

        return steps;
    }

    // Of the fenced blocks.
    private static async Task<IReadOnlyList<string>> LinesAsync()
    {
        var text = await File.ReadAllTextAsync(Path.Combine(ArchitectureTests.Root, "docs", "api.md"), Now);
        return [.. Fence().Matches(text).SelectMany(block => block.Groups[1].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries))];
    }

    // The status and the answer's first line.
    private static async Task<string> RunAsync(string command)
    {
        var head = Path.GetTempFileName();
        try
        {
            var start = new ProcessStartInfo("bash", ["-c", Prelude + command]) { RedirectStandardOutput = true };
            start.Environment["HEAD"] = head;
            using var process = Process.Start(start)!;
            var output = await process.StandardOutput.ReadToEndAsync(Now);
            await process.WaitForExitAsync(Now);
            var status = Status().Matches(await File.ReadAllTextAsync(head, Now)).LastOrDefault()?.Groups[1].Value;
            return $"{status} {output.Split('\n')[0]}".TrimEnd();
        }
        finally
        {
            File.Delete(head);
        }
    }

    // What stands there is how it begins, with "…" for anything and "or" between two statuses.
    private static Regex Pattern(string expected)
    {
        var pattern = Regex.Escape(expected).Replace("…", ".*", StringComparison.Ordinal);
        return new Regex("^" + Alternatives().Replace(pattern, "(?:$1|$2)"), RegexOptions.Singleline);
    }

    [GeneratedRegex("^```sh\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"^# \d{3}( |$)")]
    private static partial Regex Expectation();

    [GeneratedRegex(@"^HTTP/\S+ (\d{3})", RegexOptions.Multiline)]
    private static partial Regex Status();

    [GeneratedRegex(@"^(\d{3})\\ or\\ (\d{3})")]
    private static partial Regex Alternatives();
}
