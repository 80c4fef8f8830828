using System.Text.RegularExpressions;
using Speed.Deployments;

namespace Speed.Dockerfiles;

/// <summary>
/// An ADD of addresses, which were fetched for it, and the COPY that it becomes: that does with a file what ADD does with
/// one that it fetches, where ADD would unpack an archive (moby/buildkit, dockerfile2llb/convert.go, dispatchCopy).
/// </summary>
internal static partial class AddressedAdd
{
    private const string Checksum = "checksum";
    private const string Unpack = "unpack";

    // What COPY has, too, and what only ADD has: it is done by whoever fetches, is what is done anyway (nothing is unpacked), or
    // means nothing to an address (no engine heeds keep-git-dir but of a Git source).
    private static readonly string[] Kept = ["chown", "chmod", "link", "exclude"];
    private static readonly string[] Dropped = [Checksum, Unpack, "keep-git-dir"];

    /// <summary>
    /// Throws <see cref="FailureCode.DockerfileRefused"/> for an ADD that cannot become a COPY of what was fetched.
    /// </summary>
    /// <param name="sources">All of it.</param>
    /// <param name="hasNetwork">Whether RUN steps have one.</param>
    public static void Check(Instruction add, IReadOnlyList<Reference> sources, bool hasNetwork)
    {
        if (add.LateFlag is { } flag)
        {
            throw DockerfileRefusal.Of(
                add, $"has `{flag}` behind its paths, where it is taken for a path",
                $"Flags come first: `ADD {flag} source destination`.");
        }

        if (sources.FirstOrDefault(source => source.Kind == ReferenceKind.AddGit) is { } repository)
        {
            throw OfGit(add, repository, hasNetwork);
        }

        if (sources.Any(source => source.Kind != ReferenceKind.AddUrl) || add.HereDocuments.Count > 0)
        {
            throw DockerfileRefusal.Of(add, "names addresses and files of the context together", "Write two ADD lines.");
        }

        if (add.Flags.FirstOrDefault(flag => !Kept.Contains(flag.Name) && !IsDropped(flag)) is { } unknown)
        {
            throw DockerfileRefusal.Of(
                add, $"has the flag --{unknown.Name}, which does not go with an address",
                DockerfileRefusal.OrInRunStep("Take the flag away", "fetch the file", hasNetwork));
        }

        CheckChecksum(add, sources);
    }

    // To one engine or another all of these are repositories; what they are meant to be is told by how they begin.
    private static DeploymentFailedException OfGit(Instruction add, Reference source, bool hasNetwork)
    {
        var (written, value) = (source.Written, source.Value!);
        var scheme = Scheme().Match(value).Groups["scheme"].Value;
        return scheme switch
        {
            "file" => DockerfileRefusal.Of(
                add, $"names `{written}`: ADD knows paths of the build context, and addresses of http and https",
                "Write the file's path in the build context, without `file://`."),
            "git" or "ssh" or "http" or "https" => OfRepository("Make it"),
            "" => OfRepository($"If it is a path of the build context, write `./{value.TrimStart('/')}`. Else make it"),
            _ when scheme.ToLowerInvariant() is "http" or "https" => DockerfileRefusal.Of(
                add, $"names `{written}`, which Docker takes for no address: `{scheme}://` is not `{scheme.ToLowerInvariant()}://`",
                $"Write `{scheme.ToLowerInvariant()}://`, in lower case."),
            _ => DockerfileRefusal.Of(
                add, $"names `{written}`, an address of {scheme}, and only http and https are fetched",
                DockerfileRefusal.OrInRunStep("Put the file into the repository", "fetch it", hasNetwork)),
        };

        DeploymentFailedException OfRepository(string begin) => DockerfileRefusal.Of(
            add, $"names the Git repository `{written}`, and Git sources are not fetched",
            DockerfileRefusal.OrInRunStep($"{begin} a submodule of the deployed repository", "clone it", hasNetwork));
    }

    [GeneratedRegex(@"\A(?<scheme>[A-Za-z][A-Za-z0-9+.-]*)://", RegexOptions.CultureInvariant)]
    private static partial Regex Scheme();

    /// <summary>The words that make the COPY of it.</summary>
    /// <param name="image">That holds what was fetched.</param>
    /// <param name="files">Each source, and where in the image it is.</param>
    public static IEnumerable<JudgedWord> ToCopy(
        string text, Instruction add, string image, IEnumerable<(Reference Source, string Path)> files)
    {
        JudgedWord[] words = [.. files.Select(file => new JudgedWord(Rewriting.PlaceOf(file.Source), file.Path))];
        var keyword = add.KeywordSpan ?? throw DockerfileRefusal.Of(add, "is cut by a continuation", "Write ADD on one line.");
        var flags = add.Flags.Where(flag => Dropped.Contains(flag.Name))
            .Select(flag => new JudgedWord(PlaceOf(flag, text, add, keyword.End, words[0].Span.Start), null));
        return [new JudgedWord(keyword, $"COPY --from={image}"), .. flags, .. words];
    }

    /// <summary>What keyword and flags are once it is one.</summary>
    public static (string Keyword, IEnumerable<string> Flags) ShapeOf(Instruction add) =>
        ("COPY", add.Flags.Select(flag => flag.Name).Where(name => !Dropped.Contains(name)).Prepend("from"));

    // As engines read it: without a value it is true.
    private static bool IsDropped(Flag flag) =>
        Dropped.Contains(flag.Name)
        && (flag.Name != Unpack || "false".Equals(flag.Value?.Value, StringComparison.OrdinalIgnoreCase));

    private static void CheckChecksum(Instruction add, IReadOnlyList<Reference> sources)
    {
        var count = add.FlagsOf(Checksum).Count();
        if (count > 0 && (count > 1 || sources.Count > 1))
        {
            throw DockerfileRefusal.Of(add, "has a --checksum that is not one for one address", "Write one ADD for each address.");
        }

        if (count == 1 && !Sha256().IsMatch(sources[0].Checksum ?? ""))
        {
            throw DockerfileRefusal.Of(
                add, $"has the checksum `{sources[0].Checksum}`", "Give it as sha256: and 64 lower-case hex digits.");
        }
    }

    private static TextSpan PlaceOf(Flag flag, string text, Instruction add, int start, int end)
    {
        var written = flag.Value is { } value ? $"--{flag.Name}={value}" : $"--{flag.Name}";
        var at = text.IndexOf(written, start, end - start, StringComparison.Ordinal);
        return at > 0 && IsBlank(text[at - 1]) && at + written.Length < end && IsBlank(text[at + written.Length])
            ? new TextSpan(at, written.Length)
            : throw DockerfileRefusal.Of(
                add, $"has the flag --{flag.Name} in a way in which it cannot be taken out",
                "Write it once, on one line, and without quotes and escapes.");
    }

    private static bool IsBlank(char character) => character is ' ' or '\t';

    [GeneratedRegex(@"\Asha256:[0-9a-f]{64}\z")]
    private static partial Regex Sha256();
}
