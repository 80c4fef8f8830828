using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Speed.Deployments;

namespace Speed.Tests.Chaos;

/// <summary>
/// One of many clients at once: starts deployments, and reports, ends and cancels its own at random. Notes what was
/// acknowledged. Nobody else speaks of its deployments, so it knows their order.
/// </summary>
internal sealed class CrowdClient(string name, string repository, Ledger ledger, Random random)
{
    private const int Recent = 3;

    private readonly List<LedgerEntry> _mine = [];
    private int _reports;

    /// <summary>Speaks to SPEED until it is told to stop, or SPEED is gone.</summary>
    /// <param name="starts">How many deployments it may start.</param>
    public async Task BusyAsync(HttpClient speed, int starts, CancellationToken over)
    {
        try
        {
            while (!over.IsCancellationRequested)
            {
                await Task.Delay(random.Next(10, 80), over);
                if (starts > 0 && random.Next(3) == 0)
                {
                    starts--;
                    await StartAsync(speed);
                }
                else if (_mine.Count > 0)
                {
                    await SpeakAsync(speed, _mine[^random.Next(1, Math.Min(Recent, _mine.Count) + 1)]);
                }
            }
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
            // Killed in the middle of an answer: what it was is not acknowledged.
        }
    }

    private async Task StartAsync(HttpClient speed)
    {
        var job = Job.All[random.Next(Job.All.Count)];
        var body = JsonSerializer.SerializeToNode(job.Options)!.AsObject();
        (body["url"], body["branch"]) = (repository, "main");
        using var answer = await speed.PostAsJsonAsync("/start", body);
        if (await ExpectAsync(answer, HttpStatusCode.Created, HttpStatusCode.ServiceUnavailable))
        {
            var id = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetInt64();
            _mine.Add(ledger.Add(id, job));
        }
    }

    private Task SpeakAsync(HttpClient speed, LedgerEntry entry) => random.Next(100) switch
    {
        < 3 => DeclareAsync(speed, entry, DeploymentStatus.Canceled),
        3 => DeclareAsync(speed, entry, DeploymentStatus.Succeeded),
        4 => DeclareAsync(speed, entry, DeploymentStatus.Failed),
        5 => DeclareAsync(speed, entry, DeploymentStatus.Running),
        < 50 => ReportAsync(entry, value => speed.PostAsJsonAsync("/update", new { id = entry.Id, new_results = value })),
        _ => ReportAsync(entry, value => speed.PostAsJsonAsync($"/add_results/{entry.Id}", new { results = value })),
    };

    private async Task ReportAsync(LedgerEntry entry, Func<string, Task<HttpResponseMessage>> send)
    {
        var report = new Report($"{name}: {++_reports}");
        entry.Reports.Add(report);
        using var answer = await send(report.Value);
        report.IsAcknowledged = await ExpectAsync(answer, HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable);
    }

    private async Task DeclareAsync(HttpClient speed, LedgerEntry entry, DeploymentStatus word)
    {
        using var answer = await speed.PostAsJsonAsync("/update", new { id = entry.Id, new_results = $"{word}" });
        if (await ExpectAsync(answer, HttpStatusCode.OK, HttpStatusCode.Conflict, HttpStatusCode.ServiceUnavailable)
            && word.IsFinal
            && answer.Headers.GetValues("Speed-Changed").Single() == "true")
        {
            entry.Declared = word;
        }
    }

    // True for the good one; one of the others is no surprise.
    private async Task<bool> ExpectAsync(
        HttpResponseMessage answer, HttpStatusCode good, params IEnumerable<HttpStatusCode> others)
    {
        if (answer.StatusCode == good)
        {
            ledger.Count();
            return true;
        }

        if (!others.Contains(answer.StatusCode)
            || (answer.StatusCode == HttpStatusCode.ServiceUnavailable && answer.Headers.RetryAfter is null))
        {
            ledger.Surprise($"{answer.RequestMessage!.RequestUri}: {answer} {await answer.Content.ReadAsStringAsync()}");
        }

        return false;
    }
}
