using System.Text.Json;
using Speed.Deployments;

namespace Speed.Data;

/// <summary>The host names that services have by themselves: once given, for good.</summary>
public sealed partial class DbManager
{
    // Once: what it got first stays.
    private static bool GiveHosts(SqliteSession db, long id)
    {
        var service = Find(db, id)!;
        if (service.BriefHost is null)
        {
            SetHosts(db, id, HostsOf(db, service), ServiceName.Brief(service));
        }

        return true;
    }

    private static int SetHosts(SqliteSession db, long id, List<string> own, string brief) => db.Execute(
        """
        UPDATE deployment
        SET own_hosts = $own, brief_host = $brief
        WHERE id = $id
        """,
        ("$own", JsonSerializer.Serialize(own)), ("$brief", brief), ("$id", id));

    // A name may be another's already: by chance, or because subdirectory and name read alike.
    private static List<string> HostsOf(SqliteSession db, Deployment service)
    {
        var hosts = ListHosts(db, service);
        for (var place = 1; hosts.Count == 0; place++)
        {
            hosts = AddHost(db, service, ServiceName.Own(service, place));
        }

        return hosts;
    }

    private static List<string> ListHosts(SqliteSession db, Deployment service) => db.All(
        """
        SELECT host
        FROM service_host
        WHERE identity = $identity
            AND branch = $branch
            AND subdirectory = $subdirectory
            AND name = $name
        ORDER BY seq
        """,
        row => row.Text(),
        PlaceOf(service));

    private static List<string> AddHost(SqliteSession db, Deployment service, string host) => db.All(
        """
        INSERT INTO service_host (host, identity, branch, subdirectory, name)
        VALUES ($host, $identity, $branch, $subdirectory, $name)
        ON CONFLICT (host) DO NOTHING
        RETURNING host
        """,
        row => row.Text(),
        [("$host", host), .. PlaceOf(service)]);

    private static (string Name, object? Value)[] PlaceOf(Deployment service) =>
    [
        ("$identity", service.Identity.Text),
        ("$branch", service.Branch ?? service.Options.Branch ?? ""),
        ("$subdirectory", service.Options.Subdirectory),
        ("$name", service.Options.Name),
    ];
}
