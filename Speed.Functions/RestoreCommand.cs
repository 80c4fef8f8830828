using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Speed.Data;
using Speed.Deployments;
using Speed.Runners;

namespace Speed;

/// <summary>
/// <c>--restore BACKUP [--without-engine] [--json]</c>: restores a backup instead of serving, by the settings of the
/// environment. 0: it is restored; 1: nothing was changed; 3: the next start brings it to its end.
/// </summary>
internal static class RestoreCommand
{
    private const string Option = "--restore";
    private const string WithoutEngine = "--without-engine";
    private const string Json = "--json";

    private static readonly JsonSerializerOptions Wire = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static bool IsAskedBy(string[] args) => args is [Option, ..];

    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        if (args is not [Option, var backup, .. var rest] || rest.Except([WithoutEngine, Json]).Any())
        {
            await error.WriteLineAsync($"Usage: {Option} BACKUP [{WithoutEngine}] [{Json}]");
            return 1;
        }

        try
        {
            var configuration = new ConfigurationBuilder().AddEnvironmentVariables().Build();
            var engine = DockerOptions.Read(configuration);
            var options = StoreOptions.From(configuration);
            var restore = new Restore(
                options,
                TimeProvider.System,
                rest.Contains(WithoutEngine) ? null : store => RunnerServices.CreateRunner(engine, store, store));
            var report = await restore.RunAsync(backup, CancellationToken.None);
            await TellAsync(report, options.DataDirectory, rest.Contains(Json), output);
            return 0;
        }
        catch (DeploymentFailedException fault)
        {
            await error.WriteLineAsync(
                $"Nothing was restored, for the engine knows which numbers are taken, and it does not answer: {fault.Message} "
                + $"Start it, or go on {WithoutEngine}: then containers that came after the backup may be taken for newer ones.");
            return 1;
        }
        catch (Exception fault) when (fault is StoreStartException or InvalidOperationException)
        {
            await error.WriteLineAsync(fault.Message);
            return 1;
        }
        catch (UnfinishedRestoreException fault)
        {
            await error.WriteLineAsync(fault.Message);
            return 3;
        }
    }

    private static async Task TellAsync(RestoreReport report, string data, bool json, TextWriter output)
    {
        if (json)
        {
            await output.WriteLineAsync(JsonSerializer.Serialize(report, Wire));
            return;
        }

        foreach (var sentence in SentencesOf(report, data))
        {
            await output.WriteLineAsync(sentence);
        }
    }

    private static IEnumerable<string> SentencesOf(RestoreReport report, string data)
    {
        yield return $"Restored {report.Backup} into {data}. The next deployment is number {report.NextId}.";
        if (report.ReplacedFolder is { } replaced)
        {
            yield return $"The databases that were there are kept in {replaced}.";
        }

        if (report.Unreadable is { } fault)
        {
            yield return $"Not all of them could be read: {fault}";
        }

        if (report.Interrupted.Count > 0)
        {
            yield return "Not done again, for they went on after the backup, deployments "
                + $"{string.Join(", ", report.Interrupted)}: INTERRUPTED.";
        }

        if (report.Unrecorded.Count > 0)
        {
            yield return "Kept on the engine, though no record tells of them any more: "
                + $"{string.Join(", ", report.Unrecorded)}. Once SPEED runs, `speed gc --unrecorded` shows all of it.";
        }

        if (report.RevokedTokens.Count > 0)
        {
            yield return "Valid again, though they were revoked after the backup, the tokens "
                + $"{string.Join(", ", report.RevokedTokens)}: revoke them again.";
        }

        yield return File.Exists(Path.Combine(data, "secrets.key"))
            ? "Keys and volumes are in no backup, and are as they were."
            : "Keys are in no backup: put your copy of secrets.key into the data directory before SPEED is started.";
    }
}
