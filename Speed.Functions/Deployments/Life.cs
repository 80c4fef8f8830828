namespace Speed.Deployments;

/// <summary>What one life carries along: the deployment as claimed, its log, its output, what may cut it short.</summary>
internal sealed class Life(Deployment deployment, DeploymentLog log, Interruption interruption)
{
    public Deployment Deployment { get; } = deployment;

    public Claim Claim { get; } = deployment.Claim;

    public DeploymentSecrets Secrets { get; set; } = DeploymentSecrets.None;

    public DeploymentLog Log { get; } = log;

    public RunOutput Output { get; } = new();

    public Interruption Interruption { get; } = interruption;

    /// <summary>Cancels with the interruption.</summary>
    public CancellationToken Token => Interruption.Token;

    /// <summary>True once the program was seen to be started.</summary>
    public bool Ran { get; set; }

    /// <summary>How the program exited, if it did.</summary>
    public ContainerExit? Exit { get; set; }
}
