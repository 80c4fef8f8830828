using System.Formats.Tar;
using System.IO.Pipelines;
using System.Text;
using System.Text.RegularExpressions;
using Docker.DotNet;
using Docker.DotNet.Models;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>
/// Hands fetched files to a build, as an image that holds nothing else: in the context they would be in the image of
/// whoever copies that as a whole. It is there while builds use it.
/// </summary>
internal sealed partial class AddedImages(DockerConnection docker) : IDisposable
{
    private readonly SemaphoreSlim _changing = new(1);
    private readonly Dictionary<string, int> _holders = [];
    private bool _isSwept;

    /// <summary>By which a COPY takes the files: the same for the same files.</summary>
    public static string NameOf(Ownership own, IReadOnlyList<FetchedFile> files)
    {
        var all = new StringBuilder();
        foreach (var file in files)
        {
            all.Append(file.Name).Append('\0').Append(file.Sha256).Append('\0').Append(file.Time.ToUnixTimeSeconds()).Append('\n');
        }

        return own.AddedTag(BuildKey.Sha256(all.ToString()));
    }

    /// <summary>
    /// Where a file is in it, as a word of a Dockerfile. One whose name means something to the reader of that stands as a
    /// pattern, which fits it alone.
    /// </summary>
    /// <param name="number">Its place among the files, from 0.</param>
    public static string PathOf(int number, FetchedFile file) =>
        $"{number}/{(Plain().IsMatch(file.Name) ? file.Name : "*")}";

    /// <summary>Makes it, unless it is there. Every call of this has one of <see cref="ReleaseAsync"/>.</summary>
    public async Task HoldAsync(
        Ownership own, string name, IReadOnlyList<FetchedFile> files, CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            await SweepAsync(own, cancellationToken);
            if (!_holders.ContainsKey(name))
            {
                await ImportAsync(name, files, cancellationToken);
            }

            _holders[name] = _holders.GetValueOrDefault(name) + 1;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Removes it once nobody holds it. Not cancelable: this is what a canceled build cleans up with.</summary>
    public async Task ReleaseAsync(string name)
    {
        await _changing.WaitAsync(CancellationToken.None);
        try
        {
            if (--_holders[name] == 0)
            {
                _holders.Remove(name);
                await RemoveAsync(name);
            }
        }
        finally
        {
            _changing.Release();
        }
    }

    public void Dispose() => _changing.Dispose();

    // What a process that died has left.
    private async Task SweepAsync(Ownership own, CancellationToken cancellationToken)
    {
        if (_isSwept)
        {
            return;
        }

        var prefix = own.AddedTag("");
        var filters = new Dictionary<string, IDictionary<string, bool>>
        {
            ["reference"] = new Dictionary<string, bool> { [own.AddedTag("*")] = true },
        };
        var left = await docker.AskAsync(client => client.Images.ListImagesAsync(
            new ImagesListParameters { Filters = filters }, cancellationToken));
        foreach (var name in left.SelectMany(image => image.RepoTags ?? []))
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
            {
                await RemoveAsync(name);
            }
        }

        _isSwept = true;
    }

    private async Task ImportAsync(string name, IReadOnlyList<FetchedFile> files, CancellationToken cancellationToken)
    {
        var pipe = new Pipe();
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var writing = WriteAsync(files, pipe.Writer, abandoned.Token);
        var parts = name.Split(':');
        var parameters = new ImagesCreateParameters { FromSrc = "-", Repo = parts[0], Tag = parts[1] };
        var errors = new Errors();
        try
        {
            await docker.AskAsync(client => client.Images.CreateImageAsync(
                parameters, pipe.Reader.AsStream(), null, errors, cancellationToken));
        }
        catch (DockerApiException exception)
        {
            throw NotTaken(exception.Reason, exception);
        }
        finally
        {
            await abandoned.CancelAsync();
            await pipe.Reader.CompleteAsync();
            await EndAsync(writing);
        }

        if (errors.Last is { } error)
        {
            throw NotTaken(error, null);
        }
    }

    private static async Task WriteAsync(
        IReadOnlyList<FetchedFile> files, PipeWriter writer, CancellationToken cancellationToken)
    {
        Exception? fault = null;
        try
        {
            await using var tar = new TarWriter(writer.AsStream(leaveOpen: true), TarEntryFormat.Gnu);
            foreach (var (number, file) in files.Index())
            {
                file.Content.Position = 0;
                var entry = new GnuTarEntry(TarEntryType.RegularFile, $"{number}/{file.Name}")
                {
                    DataStream = file.Content,
                    Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                    ModificationTime = file.Time,
                };
                await tar.WriteEntryAsync(entry, cancellationToken);
            }
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

    private static async Task EndAsync(Task writing)
    {
        try
        {
            await writing;
        }
        catch (OperationCanceledException)
        {
            // The engine wanted no more of it.
        }
    }

    private async Task RemoveAsync(string name)
    {
        try
        {
            await docker.AskAsync(client => client.Images.DeleteImageAsync(
                name, new ImageDeleteParameters { Force = true }, CancellationToken.None));
        }
        catch (DockerApiException)
        {
            // Somebody else removed it, or uses it: then the next process finds it.
        }
        catch (DeploymentFailedException fault) when (fault.Code == FailureCode.DockerUnavailable)
        {
            // The next process finds it.
        }
    }

    private static DeploymentFailedException NotTaken(string reason, Exception? inner) => new(
        FailureCode.BuildFailed,
        $"The engine did not take the files that ADD fetches: {reason}.",
        "Deploy again; if it stays so, look at the engine's own log.",
        inner: inner);

    [GeneratedRegex("^[A-Za-z0-9._+-]+$")]
    private static partial Regex Plain();

    // Progress<T> would report out of order, and after the end.
    private sealed class Errors : IProgress<JSONMessage>
    {
        public string? Last { get; private set; }

        public void Report(JSONMessage value) => Last = value.Error?.Message ?? Last;
    }
}
