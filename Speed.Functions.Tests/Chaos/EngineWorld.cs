using System.Globalization;
using Xunit;

namespace Speed.Tests.Chaos;

/// <summary>An engine that a test may break, the real program on it, and a Git server.</summary>
internal sealed class EngineWorld(int maxRunning) : IAsyncLifetime
{
    public OwnEngine Engine { get; private set; } = null!;

    public SpeedProcess Speed { get; private set; } = null!;

    public GitServer Git { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Assert.Null(OwnEngine.Hindrance);
        Engine = await OwnEngine.StartNewAsync();
        Git = await GitServer.StartAsync();
        Speed = new SpeedProcess(
            ("Speed__Docker__Endpoint", Engine.Endpoint),
            ("Speed__MaxRunning", maxRunning.ToString(CultureInfo.InvariantCulture)));
        await Speed.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        // Null where what comes before it could not be started.
        if (Speed is not null)
        {
            await Speed.DisposeAsync();
        }

        if (Engine is not null)
        {
            await Engine.DisposeAsync();
        }

        if (Git is not null)
        {
            await Git.DisposeAsync();
        }
    }
}
