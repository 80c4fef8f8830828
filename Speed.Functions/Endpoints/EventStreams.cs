using Microsoft.Extensions.Hosting;

namespace Speed.Endpoints;

/// <summary>Makes answers of server-sent events.</summary>
public sealed class EventStreams(OpenStreams streams, TimeProvider time, IHostApplicationLifetime lifetime)
{
    internal EventsAnswer Answer(Func<EventStream, Task> tell) =>
        new(streams, context => new EventStream(context, time, lifetime.ApplicationStopping), tell);
}
