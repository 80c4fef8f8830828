using System.Text.RegularExpressions;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Deployments;

/// <summary>Drives nothing but a rule: which of upstream's fixes a version lacks, by its number.</summary>
public sealed class UpstreamFixTests
{
    [Theory]
    [InlineData("runc", "1.1.5+ds1", "CVE-2024-21626 CVE-2025-31133")]
    [InlineData("runc", "1.1.12", "CVE-2025-31133")]
    [InlineData("runc", "1.2.7", "CVE-2025-31133")]
    [InlineData("runc", "1.2.8", "")]
    [InlineData("runc", "1.3.2", "CVE-2025-31133")]
    [InlineData("runc", "v1.3.3-0-gd842d771", "")]
    [InlineData("runc", "1.4.0-rc.2", "CVE-2025-31133")]
    [InlineData("runc", "1.4.0-rc.3", "")]
    [InlineData("runc", "1.5.0", "")]
    [InlineData("Docker", "20.10.24+dfsg1", "CVE-2024-24557 CVE-2024-23651 CVE-2024-41110 moby CVE-2025-54410")]
    [InlineData("Docker", "24.0.9", "CVE-2024-23651 CVE-2024-41110 moby CVE-2025-54410")]
    [InlineData("Docker", "25.0.13", "moby")]
    [InlineData("Docker", "26.1.5+dfsg1", "moby CVE-2025-54410")]
    [InlineData("Docker", "28.1.1", "")]
    [InlineData("Docker", "28.2.2", "CVE-2025-54388")]
    [InlineData("Docker", "29.0.0", "")]
    [InlineData("git", "git version 2.37.0", "CVE-2022-23521 CVE-2024-32002 CVE-2025-48384")]
    [InlineData("git", "git version 2.39.5 (Apple Git-154)", "CVE-2025-48384")]
    [InlineData("git", "git version 2.43.7", "")]
    [InlineData("git", "git version 2.50.0", "CVE-2025-48384")]
    [InlineData("git", "git version 2.51", "")]
    [InlineData("git", "no version", "")]
    public void A_version_lacks_what_came_after_it_and_what_its_own_line_did_not_get(
        string program, string version, string lacks)
    {
        var missing = UpstreamFixes.All.Where(fix => fix.Program == program && fix.IsMissingIn(version));

        Assert.Equal(lacks, string.Join(' ', missing.Select(fix => fix.Ids.Split(',', ' ')[0])));
    }

    [Fact]
    public void What_an_old_number_lacks_is_told_with_the_day_of_the_table_and_is_no_fault()
    {
        var note = UpstreamFixes.NoteOf("runc", "1.1.5+ds1");

        Assert.True(note.IsOk);
        Assert.Equal("runc fixes", note.Name);
        Assert.Contains("1.1.5+ds1 is older than upstream's fixes of CVE-2024-21626 (", note.Detail, StringComparison.Ordinal);
        Assert.Contains("; 1.2.8, 1.3.3, 1.4.0-rc.3). Distributions bring", note.Detail, StringComparison.Ordinal);
        Assert.EndsWith("As of 2025-11-05.", note.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("28.5.1", "28.5.1 has all that SPEED knows of, as of 2025-11-05")]
    [InlineData(null, "its version is not told, so nothing is known of Docker's fixes")]
    public void That_nothing_is_lacking_or_known_is_told_too(string? version, string detail) =>
        Assert.Equal(new Finding("docker fixes", detail), UpstreamFixes.NoteOf("Docker", version));

    [Fact]
    public void Each_row_has_a_source_and_its_versions_in_order() =>
        Assert.All(UpstreamFixes.All, fix =>
        {
            Assert.StartsWith("https://", fix.Source, StringComparison.Ordinal);
            var versions = fix.FixedIn.Select(text => Version.Parse(Regex.Match(text, @"^[\d.]+\d").Value)).ToArray();
            Assert.NotEmpty(versions);
            Assert.Equal(versions.Order(), versions);
        });
}
