namespace Speed.Deployments;

/// <summary>A file that an ADD of the Dockerfile names by its address, as its server gave it.</summary>
/// <param name="Address">With the values of its variables, and without user and password.</param>
/// <param name="Name">What it is called in a folder that it is added to.</param>
/// <param name="Sha256">64 lower-case hex digits.</param>
/// <param name="Time">When it was last changed, by its server; the start of 1970 where that does not say.</param>
/// <param name="Content">Seekable, and gone with this.</param>
public sealed record FetchedFile(
    string Address, string Name, string Sha256, long Bytes, DateTimeOffset Time, Stream Content)
    : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Content.DisposeAsync();
}
