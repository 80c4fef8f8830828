using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Speed.Hooks;

namespace Speed.Endpoints;

/// <summary>
/// Reads deliveries. Who sent one is known with its last byte, so of those that are large only a few are held at a time, and
/// none for long.
/// </summary>
public sealed class DeliveryReader(TimeProvider time) : IDisposable
{
    /// <summary>What is held. GitHub sends 25 MB at most.</summary>
    internal const int MaxBytes = 25 * 1024 * 1024;

    /// <summary>What is read on, to know who sent it, and not held.</summary>
    internal const int MaxProvenBytes = 100 * 1024 * 1024;

    /// <summary>How many are held at a time that are over 1 MiB.</summary>
    internal const int MaxLarge = 2;

    /// <summary>How long one of them may take. Forges wait for ten seconds.</summary>
    internal static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private const int SmallBytes = 1024 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _large = new(MaxLarge);

    private static Refusal TooSlow { get; } = new(
        408, "DELIVERY_TOO_SLOW", "The delivery is over 1 MiB and did not come in half a minute: have the forge send it again.");

    private static Refusal TooMany { get; } = new(
        429, "TOO_MANY_LARGE_DELIVERIES", "Other deliveries over 1 MiB are being read: try again later.")
    {
        RetryAfterSeconds = 5,
    };

    /// <summary>How many large ones may still be begun.</summary>
    internal int FreePlaces => _large.CurrentCount;

    public void Dispose() => _large.Dispose();

    /// <summary>Hands each byte to <paramref name="proof"/>, which may be asked where this gives no refusal.</summary>
    internal async Task<ReadDelivery> ReadAsync(
        HttpRequest request, SenderProof proof, CancellationToken cancellationToken)
    {
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = MaxProvenBytes;
        }

        var delivery = new ReadDelivery(isHeld: request.ContentLength is not > MaxBytes);
        await using var clock = time.CreateTimer(
            _ => request.BodyReader.CancelPendingRead(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        try
        {
            while (delivery.Refusal is null && await ReadMoreAsync(request.BodyReader, proof, delivery, clock, cancellationToken))
            {
            }
        }
        catch
        {
            delivery.Dispose();
            throw;
        }

        return delivery;
    }

    private async Task<bool> ReadMoreAsync(
        PipeReader body, SenderProof proof, ReadDelivery delivery, ITimer clock, CancellationToken cancellationToken)
    {
        // Canceled by the clock: a canceled token would leave the connection where the server cannot end it in good order.
        var read = await body.ReadAsync(cancellationToken);
        if (read.IsCanceled)
        {
            delivery.Refuse(TooSlow);
        }
        else if (delivery.NeedsPlace(read.Buffer.Length, SmallBytes))
        {
            if (await delivery.TakePlaceAsync(_large, Patience, cancellationToken))
            {
                clock.Change(Longest, Timeout.InfiniteTimeSpan);
            }
            else
            {
                delivery.Refuse(TooMany);
            }
        }

        foreach (var piece in read.Buffer)
        {
            proof.Append(piece.Span);
            delivery.Add(piece.Span, MaxBytes);
        }

        body.AdvanceTo(read.Buffer.End);
        return !read.IsCompleted;
    }
}
