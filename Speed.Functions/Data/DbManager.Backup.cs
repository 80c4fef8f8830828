namespace Speed.Data;

public sealed partial class DbManager
{
    public Task<string> CopyToAsync(string folder, CancellationToken cancellationToken) =>
        _database.CopyToAsync(folder, cancellationToken);
}
