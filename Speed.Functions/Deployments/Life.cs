namespace Speed.Deployments;

/// <summary>What one life carries along: the deployment as claimed, its log, its output, what may cut it short.</summary>
internal sealed class Life(Deployment deployment, DeploymentLog log, Interruption interruption)
{
    private long? _startBegan;

    public Deployment Deployment { get; private set; } = deployment;

    public Claim Claim { get; } = deployment.Claim;

    public DeploymentSecrets Secrets { get; set; } = DeploymentSecrets.None;

    public DeploymentLog Log { get; } = log;

    public RunOutput Output { get; set; } = new();

    public Interruption Interruption { get; } = interruption;

    /// <summary>Cancels with the interruption.</summary>
    public CancellationToken Token => Interruption.Token;

    /// <summary>True once the program was seen to be started.</summary>
    public bool Ran { get; set; }

    /// <summary>How the program exited, if it did.</summary>
    public ContainerExit? Exit { get; set; }

    /// <summary>True of a service that did not come up in any attempt.</summary>
    public bool NeverCameUp => Deployment is { IsService: true, FirstUpAt: null };

    /// <summary>What is left of the time that the start of this attempt may take in all; a second at least.</summary>
    public int StartSecondsLeft(TimeProvider time)
    {
        _startBegan ??= time.GetTimestamp();
        var passed = (int)time.GetElapsedTime(_startBegan.Value).TotalSeconds;
        return Math.Max(1, Deployment.Options.Timeouts.StartSeconds - passed);
    }

    /// <summary>Goes on with the deployment as the store has it now, in another attempt perhaps.</summary>
    public void GoOnWith(Deployment now)
    {
        if (now.Attempt != Deployment.Attempt)
        {
            (Ran, Exit, _startBegan) = (false, null, null);
        }

        Deployment = now;
    }
}
