using Microsoft.Extensions.Hosting;

namespace Speed.Sources;

/// <summary>
/// Makes sure at the start that git is there and new enough, and removes what an earlier process left. Comes after
/// the store, whose lock says that no other process uses the work folder.
/// </summary>
internal sealed class GitStart(GitSource source) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (await source.FindFaultAsync(cancellationToken) is { } fault)
        {
            throw new InvalidOperationException(fault);
        }

        source.RemoveLeftovers();
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
