using System.CommandLine;
using System.Text.Json;

namespace Speed.Cli;

/// <summary>One run of one command: what was asked, whom to ask, and where to tell.</summary>
/// <param name="Json">True: SPEED's own JSON is the output, and nothing else.</param>
internal sealed record Session(ParseResult Asked, Terminal Terminal, SpeedClient Speed, bool Json) : IDisposable
{
    public Screen Out => Terminal.OutScreen;

    public Screen Error => Terminal.ErrorScreen;

    /// <summary>Tells of an answer: as it is where JSON was asked for, else in words.</summary>
    public int Tell(JsonElement answer, Action tell)
    {
        if (!Json)
        {
            tell();
        }
        else if (answer.ValueKind != JsonValueKind.Undefined)
        {
            Out.Raw(answer.GetRawText());
        }

        return ExitCode.Done;
    }

    public void Dispose() => Speed.Dispose();
}
