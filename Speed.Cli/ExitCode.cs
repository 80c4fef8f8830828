namespace Speed.Cli;

/// <summary>What a run ends with; told by <c>--help</c>.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>The deployment failed or was canceled, or the doctor found something.</summary>
    public const int Failed = 1;

    /// <summary>Not understood, or refused by SPEED.</summary>
    public const int Refused = 2;

    /// <summary>SPEED was not reached, has no room now, or failed; or what it did cannot be told.</summary>
    public const int NoAnswer = 3;

    public const int Interrupted = 130;
}
