using Speed.Deployments;
using Speed.Dockerfiles;

namespace Speed.Runners;

/// <summary>What was fetched for the ADD lines of a Dockerfile: they take it from the image that holds it.</summary>
/// <param name="image">Its name.</param>
/// <param name="adds">The lines, each with its sources in their order.</param>
/// <param name="files">Of each source.</param>
internal sealed class FetchedSources(
    string image, IReadOnlyList<Reference[]> adds, IReadOnlyDictionary<Reference, FetchedFile> files) : IAsyncDisposable
{
    private readonly Dictionary<FetchedFile, int> _numbers =
        Distinct(adds, files).Index().ToDictionary(one => one.Item, one => one.Index);

    private bool _isHandedOver;

    /// <summary>Each of them once.</summary>
    public IReadOnlyList<FetchedFile> Files { get; } = Distinct(adds, files);

    /// <summary>On which an ADD becomes a COPY.</summary>
    public IReadOnlySet<int> Lines { get; } = adds.Select(add => add[0].Line).ToHashSet();

    public static IReadOnlyList<FetchedFile> Distinct(
        IReadOnlyList<Reference[]> adds, IReadOnlyDictionary<Reference, FetchedFile> files) =>
        [.. adds.SelectMany(add => add).Select(source => files[source]).Distinct()];

    /// <summary>Null for what was not fetched.</summary>
    public FetchedFile? FileOf(Reference reference) => files.GetValueOrDefault(reference);

    /// <summary>The words by which the lines take it.</summary>
    public IEnumerable<JudgedWord> WordsFor(string text) =>
        from add in adds
        from word in AddressedAdd.ToCopy(text, add[0].Instruction, image, add.Select(source => (source, PathOf(source))))
        select word;

    /// <summary>The files, which are the caller's from now on.</summary>
    public IReadOnlyList<FetchedFile> HandOver()
    {
        _isHandedOver = true;
        return Files;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var file in _isHandedOver ? [] : Files)
        {
            await file.DisposeAsync();
        }
    }

    private string PathOf(Reference source) => AddedImages.PathOf(_numbers[files[source]], files[source]);
}
