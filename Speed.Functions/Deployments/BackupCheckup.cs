namespace Speed.Deployments;

/// <summary>Looks at how old the newest backup is, and whether the schedule keeps its word.</summary>
internal sealed class BackupCheckup(Backup backup, BackupSchedule schedule, TimeProvider time) : ICheckup
{
    private const string NotInIt = "secrets.key, admin.key and volumes are in none";

    public Task<IReadOnlyList<Finding>> CheckAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<Finding>>([Check()]);

    private Finding Check()
    {
        var newest = backup.List() is [var copy, ..]
            ? $"the newest is {AgeOf(copy)} old, {copy.FullPath}; {NotInIt}"
            : $"there is none yet; {NotInIt}";
        if (schedule.Failure is { } failure)
        {
            return new Finding(
                "backups",
                $"The backup of {failure.At:u} failed: {failure.Why.TrimEnd('.')}. Of those before it {newest}",
                "Mend that. The next one is tried within the hour; `POST /v1/backup` makes one now.");
        }

        return new Finding("backups", schedule.Every > TimeSpan.Zero
            ? $"every {schedule.Every.TotalHours} h; {newest}"
            : $"none by schedule (Speed__Backup__Every); {newest}");
    }

    private string AgeOf(BackupEntry copy) => (time.GetUtcNow() - copy.MadeAt) switch
    {
        { TotalDays: >= 2 } age => $"{(int)age.TotalDays} days",
        { TotalHours: >= 2 } age => $"{(int)age.TotalHours} hours",
        var age => $"{Math.Max(0, (int)age.TotalMinutes)} minutes",
    };
}
