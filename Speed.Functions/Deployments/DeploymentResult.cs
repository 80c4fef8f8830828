namespace Speed.Deployments;

/// <summary>One result of a deployment.</summary>
/// <param name="Seq">From 1, in order of arrival.</param>
/// <param name="Late">True if it came from the container after the end had been declared.</param>
public sealed record DeploymentResult(long Seq, DateTimeOffset At, ResultSource Source, string Value, bool Late);

public enum ResultSource
{
    /// <summary>Reported through <c>/update</c> or <c>/add_results</c>.</summary>
    Report,
    Stdout,
    Stderr,
    /// <summary>SPEED's own account of a failure before the program ran.</summary>
    Speed,
}

/// <summary>A result on its way into the store.</summary>
public sealed record NewResult(ResultSource Source, string Value);

/// <summary>Some of a deployment's results.</summary>
/// <param name="Last">The number of the newest of all there are; 0 where there is none.</param>
public sealed record ResultPage(IReadOnlyList<DeploymentResult> Items, long Last);
