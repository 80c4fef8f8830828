using System.CommandLine;

namespace Speed.Cli;

/// <summary>One run of a command that asks no SPEED: what was asked, and where to tell.</summary>
/// <param name="Json">True: one JSON document is the output, and nothing else.</param>
internal sealed record LocalRun(ParseResult Asked, Terminal Terminal, bool Json);
