using Microsoft.Data.Sqlite;
using Speed.Data;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>Drives real files: rows of a replaced database are carried over.</summary>
public sealed class CarriedTableTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true, "a:new b:old c:new")]
    [InlineData(false, "a:old b:old c:new")]
    public void Rows_come_by_the_columns_that_both_have(bool newerWins, string rows)
    {
        OldDatabases.Run(
            _folder.File("old.db"),
            """
            CREATE TABLE volume (name TEXT PRIMARY KEY, engine TEXT, added INTEGER DEFAULT 7);
            INSERT INTO volume (name, engine) VALUES ('a', 'old'), ('b', 'old');
            """);
        OldDatabases.Run(
            _folder.File("new.db"),
            """
            CREATE TABLE volume (engine TEXT, name TEXT PRIMARY KEY, dropped TEXT);
            INSERT INTO volume (name, engine) VALUES ('a', 'new'), ('c', 'new');
            """);

        using (var db = SqliteSession.Open(_folder.File("old.db"), SqliteOpenMode.ReadWrite, TimeSpan.Zero))
        {
            db.Execute("ATTACH DATABASE $path AS replaced", ("$path", _folder.File("new.db")));
            ReplacedRows.CarryTables(db, [new CarriedTable("volume", newerWins), new CarriedTable("unknown", newerWins)]);
        }

        Assert.Equal(rows, OldDatabases.Run(
            _folder.File("old.db"), "SELECT group_concat(name || ':' || engine, ' ' ORDER BY name) FROM volume"));
    }
}
