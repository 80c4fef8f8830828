using System.Globalization;
using System.Reflection;

namespace Speed.Data;

/// <summary>
/// The embedded scripts of one database, <c>NNNN_what.sql</c> from 0001. Forward only: <c>user_version</c> is
/// the number of the last one applied.
/// </summary>
internal sealed class Migrations
{
    private readonly SortedList<int, string> _scripts = [];

    public Migrations(string folder)
    {
        var assembly = typeof(Migrations).Assembly;
        foreach (var name in assembly.GetManifestResourceNames().Select(name => name.Replace('\\', '/'))
            .Where(name => name.StartsWith(folder + "/", StringComparison.Ordinal)))
        {
            var number = int.Parse(name.AsSpan(folder.Length + 1, 4), CultureInfo.InvariantCulture);
            _scripts.Add(number, Read(assembly, name));
        }
    }

    public int Latest => _scripts.Keys[^1];

    public static int VersionOf(SqliteSession session) =>
        int.Parse(session.Run("PRAGMA user_version")!, CultureInfo.InvariantCulture);

    public void Apply(SqliteSession session)
    {
        MigrationFunctions.Define(session);
        var version = VersionOf(session);
        foreach (var (number, script) in _scripts.Where(script => script.Key > version))
        {
            session.Run("BEGIN IMMEDIATE");
            try
            {
                session.Run(script);
                session.Run($"PRAGMA user_version = {number}");
                session.Run("COMMIT");
            }
            catch
            {
                if (session.InTransaction)
                {
                    session.Run("ROLLBACK");
                }

                throw;
            }
        }
    }

    private static string Read(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream(name)
            ?? assembly.GetManifestResourceStream(name.Replace('/', '\\'))!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
