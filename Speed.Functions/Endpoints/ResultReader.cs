using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Speed.Deployments;

namespace Speed.Endpoints;

/// <summary>Reads the results of a deployment that the caller of a request may know of.</summary>
public sealed class ResultReader(IDeploymentStore store, VisibleDeployments deployments)
{
    /// <summary>Null if there is no such deployment, or it is not for the caller to see.</summary>
    /// <param name="after">The number of the last one not wanted.</param>
    /// <param name="most">Null for all that there are by now.</param>
    internal async Task<ResultPages?> FindAsync(
        HttpRequest request, long id, long after, int? most, CancellationToken cancellationToken)
    {
        if (await deployments.FindAsync(request, id, cancellationToken) is null
            || await store.ReadResultsAsync(id, after, most ?? long.MaxValue, cancellationToken) is not { } first)
        {
            return null;
        }

        var isPart = most is { } limit && after < first.Last - limit;
        return new ResultPages(store, id, first, isPart ? after + most!.Value : first.Last, first.Last);
    }
}

/// <summary>
/// Results on their way to a client, a page of the store at a time: however many there are and however slowly they are
/// taken, no more than that is in memory.
/// </summary>
/// <param name="first">The first page; it has been read.</param>
/// <param name="until">The number of the last one wanted.</param>
/// <param name="last">Of the newest there was when the first page was read.</param>
internal sealed class ResultPages(IDeploymentStore store, long id, ResultPage first, long until, long last)
{
    public const string ContentType = "application/json; charset=utf-8";
    public const int FlushBytes = 64 * 1024;

    /// <summary>What to go on behind; null where there is nothing more.</summary>
    public long? NextAfter => until < last ? until : null;

    /// <summary>Hands over each result to be written, and sends what was written now and then.</summary>
    /// <returns>False where the deployment was deleted meanwhile: half an answer must not pass for a whole one.</returns>
    public async Task<bool> WriteAsync(
        PipeWriter output, Utf8JsonWriter json, Func<DeploymentResult, Task> write, CancellationToken cancellationToken)
    {
        var page = first;
        while (page.Items.Count > 0)
        {
            foreach (var result in page.Items)
            {
                await write(result);
                await SendAsync(output, json, FlushBytes, cancellationToken);
            }

            var had = page.Items[^1].Seq;
            if (had >= until)
            {
                return true;
            }

            // All of it: what fails from now on cuts the answer off.
            await SendAsync(output, json, 0, cancellationToken);
            page = await store.ReadResultsAsync(id, had, until - had, cancellationToken) ?? page with { Items = [] };
        }

        return page == first;
    }

    /// <summary>Writes as all answers are written.</summary>
    public static Utf8JsonWriter Writer(PipeWriter output) => new(output, new JsonWriterOptions { Encoder = Wire.Json.Encoder });

    /// <summary>Sends what was written, if it is more than so many bytes.</summary>
    public static async Task SendAsync(
        PipeWriter output, Utf8JsonWriter json, int most, CancellationToken cancellationToken)
    {
        if (json.BytesPending + output.UnflushedBytes > most)
        {
            await json.FlushAsync(cancellationToken);
            await output.FlushAsync(cancellationToken);
        }
    }
}
