using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives real HTTP: a scripted engine that refuses to give what it kept.</summary>
public sealed class KeptOutputTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_the_engine_refuses_to_give_is_not_taken_for_nothing()
    {
        await using var engine = new ScriptedServer(context => ScriptedServer.SayAsync(context, 500, "{}"));
        await using var silent = new ScriptedServer(context => ScriptedServer.SayAsync(context, 200, ""));
        using var refusing = new DockerConnection(engine.Address);
        using var giving = new DockerConnection(silent.Address);

        Assert.Null(await KeptOutput.MeasureAsync(refusing, "an-id", until: null, Now));
        Assert.Empty((await KeptOutput.MeasureAsync(giving, "an-id", until: null, Now))!);
    }
}
