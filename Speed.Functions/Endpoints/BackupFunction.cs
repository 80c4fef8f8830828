using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

public sealed class BackupFunction(Backup backup)
{
    private const string Note =
        "Keys are not in it, nor volumes: keep secrets.key and admin.key elsewhere. To restore, stop SPEED, and run "
        + "`speed restore`, or SPEED's program with --restore, with this folder.";

    [Function("Backup")]
    [Needs(Scope.Admin)]
    public async Task<Results<Created<BackupCopy>, Refusal>> BackupAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/backup")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var folder = await backup.MakeAsync(BackupKind.Asked, cancellationToken);
        return folder is null
            ? Refusal.DiskLow(backup.NoRoom)
            : TypedResults.Created((string?)null, Show(folder));
    }

    private static BackupCopy Show(string folder) => new(
        folder,
        [
            .. from file in new DirectoryInfo(folder).EnumerateFiles()
               orderby file.Name
               select new BackupFile(file.Name, file.Length),
        ],
        Note);
}

/// <param name="Path">The folder on SPEED's host.</param>
public sealed record BackupCopy(string Path, IReadOnlyList<BackupFile> Files, string Note);

public sealed record BackupFile(string Name, long Bytes);
