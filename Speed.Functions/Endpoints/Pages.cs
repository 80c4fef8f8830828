using System.Security.Cryptography;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Net.Http.Headers;

namespace Speed.Endpoints;

/// <summary>The static files under wwwroot, listed once: a path that is not in the list opens nothing.</summary>
public sealed class Pages
{
    private static readonly string Root = Path.Combine(AppContext.BaseDirectory, "wwwroot");

    private readonly Dictionary<string, Page> _pages;

    public Pages()
    {
        var types = new FileExtensionContentTypeProvider();
        _pages = Directory.EnumerateFiles(Root, "*", SearchOption.AllDirectories)
            .Select(file => Page.Of(file, types))
            .ToDictionary(page => Path.GetRelativePath(Root, page.File).Replace(Path.DirectorySeparatorChar, '/'));
    }

    /// <summary>The file at a path relative to wwwroot; null if there is none.</summary>
    public Page? Find(string path) => _pages.GetValueOrDefault(path);
}

/// <param name="Tag">Of what is in it, whatever its time says: an older one that came back is another one, too.</param>
public sealed record Page(string File, string ContentType, EntityTagHeaderValue Tag)
{
    internal static Page Of(string file, FileExtensionContentTypeProvider types)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(System.IO.File.ReadAllBytes(file)));
        return new Page(
            file,
            types.TryGetContentType(file, out var type) ? type : "application/octet-stream",
            new EntityTagHeaderValue($"\"{hash[..16]}\""));
    }
}
