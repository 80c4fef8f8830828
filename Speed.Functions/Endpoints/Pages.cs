using Microsoft.AspNetCore.StaticFiles;

namespace Speed.Endpoints;

/// <summary>The static files under wwwroot, listed once: a path that is not in the list opens nothing.</summary>
public sealed class Pages
{
    private static readonly string Root = Path.Combine(AppContext.BaseDirectory, "wwwroot");

    private readonly Dictionary<string, string> _files = Directory
        .EnumerateFiles(Root, "*", SearchOption.AllDirectories)
        .ToDictionary(file => Path.GetRelativePath(Root, file).Replace(Path.DirectorySeparatorChar, '/'));

    private readonly FileExtensionContentTypeProvider _types = new();

    /// <summary>The file at a path relative to wwwroot, and its content type; null if there is none.</summary>
    public (string Path, string ContentType)? Find(string path) =>
        _files.TryGetValue(path, out var file)
            ? (file, _types.TryGetContentType(file, out var type) ? type : "application/octet-stream")
            : null;
}
