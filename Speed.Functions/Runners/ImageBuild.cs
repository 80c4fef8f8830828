using System.IO.Pipelines;
using Speed.Deployments;
using Speed.Dockerfiles;

namespace Speed.Runners;

/// <summary>
/// One build: gives the engine the context, and reads the progress to its end.
/// </summary>
internal sealed class ImageBuild(DockerConnection docker, BuildRequest request, BuildProgress progress)
{
    // A stop of SPEED has five seconds in all; a build that nobody listens to ends within two anyway.
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(2);

    /// <summary>
    /// With BuildKit. Ends when the engine has; what came of it is in the progress. Canceled, it stops the engine's work
    /// first.
    /// </summary>
    /// <returns>Null, or the engine's reason for not even beginning.</returns>
    public async Task<string?> RunInSessionAsync(
        BuildPlan plan, ISourceTree source, CancellationToken cancellationToken)
    {
        await using var context = await ContextFiles.OfAsync(source, plan.Dockerfile, cancellationToken);
        await using var dockerfile = ContextFiles.Of(plan.Dockerfile, plan.DockerfileText);
        // The text too: of one key the engine takes a Dockerfile of equal size for the one that it has.
        var key = BuildKey.Sha256(
            $"{source.Commit}\n{source.TreeId}\n{plan.Dockerfile}\n{BuildKey.Sha256(plan.DockerfileText)}");
        try
        {
            await using var session = await BuildSession.TryOpenAsync(
                docker, new SessionCalls(dockerfile, context, TimeProvider.System), key, cancellationToken);
            if (session is null)
            {
                return await RunAsync(plan, source, Builder.BuildKit, cancellationToken);
            }

            using var message = request.ToHttp(session.Id);
            return await SendAsync(message, cancellationToken);
        }
        catch (Exception exception) when (DockerConnection.IsLost(exception))
        {
            throw docker.Unavailable(exception);
        }
    }

    /// <summary>
    /// The same with the legacy builder, or without a session: the context is sent while it is being written, with the
    /// Dockerfile in it.
    /// </summary>
    public async Task<string?> RunAsync(
        BuildPlan plan, ISourceTree source, Builder builder, CancellationToken cancellationToken)
    {
        var pipe = new Pipe();
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var writing = WriteContextAsync(plan, source, pipe.Writer, abandoned.Token);
        try
        {
            using var message = request.ToHttp(pipe.Reader.AsStream(), builder);
            return await SendAsync(message, cancellationToken);
        }
        catch (Exception exception) when (DockerConnection.IsLost(exception))
        {
            throw docker.Unavailable(exception);
        }
        finally
        {
            // Its fault comes before all others: a context that could not be written breaks the connection, too.
            await EndWritingAsync();
        }

        async Task EndWritingAsync()
        {
            await abandoned.CancelAsync();
            await pipe.Reader.CompleteAsync();
            try
            {
                await writing;
            }
            catch (OperationCanceledException)
            {
                // The engine wanted no more of it.
            }
        }
    }

    private static async Task WriteContextAsync(
        BuildPlan plan, ISourceTree source, PipeWriter writer, CancellationToken cancellationToken)
    {
        Exception? fault = null;
        try
        {
            await source.WriteContextAsync(
                plan.Dockerfile, plan.DockerfileText, writer.AsStream(leaveOpen: true), cancellationToken);
        }
        catch (Exception exception)
        {
            fault = exception;
            throw;
        }
        finally
        {
            await writer.CompleteAsync(fault);
        }
    }

    private async Task<string?> SendAsync(HttpRequestMessage message, CancellationToken cancellationToken)
    {
        using var response = await docker.SendAsync(message, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            return EngineAnswers.MessageIn(body) ?? $"HTTP {(int)response.StatusCode}";
        }

        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        await ReadAsync(reader, cancellationToken);
        return null;
    }

    private async Task ReadAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        // Without the token: a canceled read would close the connection before the engine has been stopped.
        var reading = reader.ReadLineAsync(CancellationToken.None).AsTask();
        try
        {
            while (await reading.WaitAsync(cancellationToken) is { } line)
            {
                if (line.Length > 0)
                {
                    await progress.TakeAsync(BuildMessage.Parse(line), cancellationToken);
                }

                reading = reader.ReadLineAsync(CancellationToken.None).AsTask();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await StopAsync(reader, reading);
            throw;
        }
    }

    // Reads on until the engine closes the stream: then nothing of the build runs any more.
    private async Task StopAsync(StreamReader reader, Task<string?> reading)
    {
        using var limit = new CancellationTokenSource(StopLimit);
        try
        {
            await StopStepAsync(limit.Token);
            while (await reading.WaitAsync(limit.Token) is { } line)
            {
                if (line.Length > 0 && progress is LegacyProgress legacy)
                {
                    legacy.Note(BuildMessage.Parse(line));
                    await StopStepAsync(limit.Token);
                }

                reading = reader.ReadLineAsync(CancellationToken.None).AsTask();
            }
        }
        catch (Exception exception) when (
            exception is OperationCanceledException or DeploymentFailedException || DockerConnection.IsLost(exception))
        {
            // The connection is closed next, and a build that nobody listens to ends within two seconds.
        }
    }

    private async Task StopStepAsync(CancellationToken cancellationToken)
    {
        if (progress is LegacyProgress { Containers: [.., var container] })
        {
            await Leftovers.RemoveContainerAsync(docker, container, cancellationToken);
        }
        else if (progress is BuildKitProgress)
        {
            using var message = new HttpRequestMessage(HttpMethod.Post, $"/build/cancel?id={request.BuildId}");
            using var response = await docker.SendAsync(message, cancellationToken);
        }
    }
}
