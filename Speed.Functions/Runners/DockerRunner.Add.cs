using Speed.Deployments;
using Speed.Dockerfiles;

namespace Speed.Runners;

/// <summary>What a Dockerfile adds by address.</summary>
public sealed partial class DockerRunner
{
    private async Task<FetchedSources> FetchAsync(
        IReadOnlyList<Reference> references, ISourceTree source, DeploymentLog log, CancellationToken cancellationToken)
    {
        var adds = AddsIn(references);
        foreach (var add in adds)
        {
            if (_options.Sandbox == Sandbox.Strict && add.Any(source => source.Kind == ReferenceKind.AddUrl))
            {
                throw DockerfileRefusal.Of(
                    add[0].Instruction, $"names `{add.First(IsElsewhere).Written}`, and under strict nothing is fetched",
                    "Put the file into the repository.");
            }

            AddressedAdd.Check(add[0].Instruction, add, _options.BuildsHaveNetwork);
        }

        Reference[] sources = [.. adds.SelectMany(add => add)];
        var requests = sources.Select(one =>
            new AddRequest(one.Value!, AddFetch.WithoutLogin(one.Written), one.Line, one.Checksum) { Unset = one.Unset });
        var files = (await _fetch.FetchAsync([.. requests], source, log, cancellationToken)).Zip(sources)
            .ToDictionary(pair => pair.Second, pair => pair.First);
        return new FetchedSources(AddedImages.NameOf(Own, FetchedSources.Distinct(adds, files)), adds, files);
    }

    // All sources of each ADD of which at least one is elsewhere. No line begins two instructions.
    private static List<Reference[]> AddsIn(IReadOnlyList<Reference> references) =>
    [
        .. from reference in references
           where IsElsewhere(reference) || reference.Kind == ReferenceKind.AddFile
           group reference by reference.Line into add
           where add.Any(IsElsewhere)
           select add.ToArray(),
    ];

    private static bool IsElsewhere(Reference reference) =>
        reference.Kind is ReferenceKind.AddUrl or ReferenceKind.AddGit;
}
