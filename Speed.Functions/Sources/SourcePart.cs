namespace Speed.Sources;

/// <summary>The files of one repository in a source: of the deployed one, or of a submodule within it.</summary>
/// <param name="Prefix">Where they are: empty, or a folder of the source with its last slash.</param>
/// <param name="Entries">Their paths begin below the prefix.</param>
internal sealed record SourcePart(
    Git Git, string Commit, string TreeId, string Prefix, IReadOnlyList<TreeEntry> Entries)
{
    public IEnumerable<TreeEntry> Submodules => Entries.Where(entry => entry.IsSubmodule);

    public IEnumerable<TreeEntry> Files => Entries.Where(entry => !entry.IsSubmodule);
}
