using System.Text.RegularExpressions;
using Xunit;

namespace Speed.Tests;

/// <summary>Drives nothing but a rule: sources keep to the picture in ARCHITECTURE.md.</summary>
public sealed partial class ArchitectureTests
{
    /// <summary>The folder of Speed.sln.</summary>
    internal static readonly string Root = FindRoot();

    private static readonly string Functions = Path.Combine(Root, "Speed.Functions");

    [Theory]
    [InlineData("Deployments")]
    [InlineData("Endpoints", "Deployments", "Hooks", "Security")]
    [InlineData("Data", "Deployments", "Hooks", "Security")]
    [InlineData("Hooks", "Deployments", "Security")]
    [InlineData("Security", "Deployments")]
    [InlineData("Outgoing", "Deployments")]
    [InlineData("Sources", "Deployments", "Outgoing")]
    [InlineData("Runners", "Deployments", "Dockerfiles", "Outgoing")]
    [InlineData("Dockerfiles", "Deployments")]
    [InlineData("Notifications", "Deployments", "Outgoing")]
    [InlineData("Proxy", "Deployments", "Security")]
    [InlineData("Hosting", "Endpoints")]
    public void A_folder_knows_of_SPEED_only_what_its_arrow_points_at(string folder, params string[] targets)
    {
        var strangers =
            from name in NamesIn(folder)
            let match = FolderName().Match(name.Text)
            where match.Success && match.Groups[1].Value != folder && !targets.Contains(match.Groups[1].Value)
            select name;

        Assert.Empty(strangers);
    }

    [Theory]
    [InlineData("Microsoft.Data.Sqlite", "Data")]
    [InlineData("SQLitePCL", "Data")]
    [InlineData("Docker.DotNet", "Runners")]
    [InlineData("Prometheus", "Endpoints")]
    [InlineData("Microsoft.AspNetCore", "Endpoints", "Hosting", "Proxy", "Runners")]
    [InlineData("Yarp", "Proxy")]
    [InlineData("Microsoft.Azure.Functions", "Endpoints", "Hosting", "")]
    public void A_technology_stays_in_its_folder(string technology, params string[] folders)
    {
        var leaks =
            from file in Directory.EnumerateFiles(Functions, "*.cs", SearchOption.AllDirectories)
            let folder = FolderOf(file)
            where folder is not ("bin" or "obj") && !folders.Contains(folder)
            from name in NamesIn(file, folder)
            where name.Text.StartsWith(technology, StringComparison.Ordinal)
            select name;

        Assert.Empty(leaks);
    }

    [Fact]
    public void The_command_line_knows_of_SPEED_what_its_HTTP_interface_says_and_no_more()
    {
        var files = Directory.EnumerateFiles(Path.Combine(Root, "Speed.Cli"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}"));
        var names = files.SelectMany(file => NamesIn(file, "Speed.Cli")).ToList();

        Assert.Contains(names, name => name.Text.StartsWith("System.CommandLine", StringComparison.Ordinal));
        Assert.DoesNotContain(names, name => FolderName().IsMatch(name.Text));
        Assert.DoesNotContain(names, name => name.Text.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
        Assert.DoesNotContain(
            "ProjectReference", File.ReadAllText(Path.Combine(Root, "Speed.Cli", "Speed.Cli.csproj")), StringComparison.Ordinal);
    }

    private static IEnumerable<Name> NamesIn(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Functions, folder), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => NamesIn(file, folder));

    // Whatever is dotted and outside of comments and strings: using lines and names written in full.
    private static IEnumerable<Name> NamesIn(string file, string folder) =>
        File.ReadLines(file)
            .Where(line => !line.StartsWith("namespace ", StringComparison.Ordinal))
            .Select(line => Quoted().Replace(line.Split("//")[0], ""))
            .SelectMany(line => DottedName().Matches(line))
            .Select(match => new Name(folder, Path.GetFileName(file), match.Value));

    private static string FolderOf(string file)
    {
        var parts = Path.GetRelativePath(Functions, file).Split(Path.DirectorySeparatorChar);
        return parts.Length > 1 ? parts[0] : "";
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Speed.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("Speed.sln is in no folder above the tests.");
        }

        return folder.FullName;
    }

    [GeneratedRegex(@"\bSpeed\.(Deployments|Endpoints|Data|Hooks|Sources|Runners|Notifications|Outgoing|Proxy|Security|Hosting)\b")]
    private static partial Regex FolderName();

    [GeneratedRegex(@"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+")]
    private static partial Regex DottedName();

    [GeneratedRegex("""
        "(\\.|[^"\\])*"
        """)]
    private static partial Regex Quoted();

    private sealed record Name(string Folder, string File, string Text);
}
