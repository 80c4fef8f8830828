using System.Text.RegularExpressions;
using Xunit;

namespace Speed.Tests;

/// <summary>Drives nothing but a rule: who goes by the identity of a repository, and who by its address.</summary>
/// <remarks>
/// All users of a repository's identity, and all that still read its address as it was written. What belongs to a
/// repository goes by the identity: whoever comes to either list says here what for.
/// </remarks>
public sealed partial class IdentityUsersTests
{
    private static readonly string Functions = Path.Combine(ArchitectureTests.Root, "Speed.Functions");

    private static readonly Dictionary<string, string> Users = new()
    {
        ["Data/DbManager.BaseImages.cs"] = "which images a registry let its deployments have",
        ["Data/DbManager.BuiltFrom.cs"] = "what the image of a retry was built from",
        ["Data/DbManager.Commit.cs"] = "the service that is taken over from",
        ["Data/DbManager.Held.cs"] = "the same service: ports and hosts that it has had",
        ["Data/DbManager.HookDeliveries.cs"] = "what a hook started of a branch",
        ["Data/DbManager.Listing.cs"] = "lists by repository and by patterns",
        ["Data/DbManager.Queue.cs"] = "stored with each deployment; requests under one idempotency key",
        ["Data/DbManager.Retention.cs"] = "the last images and logs of a repository and branch",
        ["Data/DbManager.Rows.cs"] = "read with each deployment",
        ["Data/DbManager.ServiceHosts.cs"] = "own host names",
        ["Data/DbManager.Services.cs"] = "the same service: places, kept ports, making room, hosts",
        ["Data/DbManager.Volumes.cs"] = "whose a volume is",
        ["Data/DbManager.Waiting.cs"] = "how long the last ones of a repository took",
        ["Data/MigrationFunctions.cs"] = "what migrations fill in",
        ["Data/ReplacedRows.cs"] = "volumes that a restore carries over",
        ["Deployments/Deployment.cs"] = "of a deployment",
        ["Deployments/DeploymentFilter.cs"] = "of a list",
        ["Deployments/IDeploymentStore.cs"] = "which images a registry let its deployments have",
        ["Deployments/IEventStore.cs"] = "of an event",
        ["Deployments/Notification.cs"] = "the patterns of a notification",
        ["Deployments/QueuedDeployment.cs"] = "of a queued one",
        ["Deployments/ServiceName.cs"] = "the names of services",
        ["Deployments/ServiceVolumes.cs"] = "whose a volume is",
        ["Endpoints/Creation.cs"] = "the patterns of tokens; what a retry repeats",
        ["Endpoints/DeploymentEvents.cs"] = "the patterns of tokens",
        ["Endpoints/HookDeliveries.cs"] = "what a hook started of a branch",
        ["Endpoints/ListQuery.cs"] = "the filter `repo`",
        ["Endpoints/OptionsReader.cs"] = "which addresses are refused",
        ["Endpoints/QueueFunction.cs"] = "the patterns of tokens",
        ["Endpoints/VolumesFunction.cs"] = "the patterns of tokens",
        ["Hooks/Hook.cs"] = "of a hook",
        ["Hooks/HookCheckup.cs"] = "hooks of before whose address is refused",
        ["Hooks/HookRules.cs"] = "whether a push is of the hook's repository",
        ["Hooks/IHookStore.cs"] = "what a hook started of a branch",
        ["Runners/BaseImages.cs"] = "which images a registry let its deployments have",
        ["Runners/DockerRunner.Build.cs"] = "whose the cache mounts of a build are",
        ["Runners/DockerRunner.Plan.cs"] = "who asks for images; whose caches an image is made with",
        ["Runners/PortHolders.cs"] = "who is told which deployment has a port",
        ["Security/Caller.cs"] = "the patterns of tokens",
        ["Security/SecretRules.cs"] = "the patterns of secrets",
        ["Security/SecretVault.cs"] = "the patterns of secrets, of commit statuses too",
        ["Sources/GitRouter.cs"] = "the patterns of git secrets and of who deploys; which redirects are refused",
        ["Sources/GitSource.cs"] = "which addresses of before are refused",
        ["Sources/SubmoduleFetch.cs"] = "which addresses of submodules are refused",
    };

    private static readonly Dictionary<string, string> Readers = new()
    {
        ["Data/DbManager.Events.cs"] = "told as it was given",
        ["Data/DbManager.Hooks.cs"] = "stored as it was given",
        ["Data/DbManager.Held.cs"] = "its identity is made of it",
        ["Data/DbManager.Queue.cs"] = "its identity is made of it; two wishes but for the spelling",
        ["Data/DbManager.Volumes.cs"] = "whose a volume is",
        ["Data/DbManager.Waiting.cs"] = "told as it was given",
        ["Deployments/Deployment.cs"] = "its identity is made of it",
        ["Deployments/DeliverySpread.cs"] = "the forge that is called",
        ["Deployments/Glob.cs"] = "how addresses of before are matched",
        ["Deployments/NotificationWorker.cs"] = "the forge that is called",
        ["Deployments/PortCheckup.cs"] = "told as it was given",
        ["Deployments/RepositoryIdentity.cs"] = "how addresses of before are matched",
        ["Endpoints/Creation.cs"] = "its identity is made of it",
        ["Endpoints/DeploymentResource.cs"] = "shown as it was given",
        ["Endpoints/HookPortCheckup.cs"] = "what a push deploys",
        ["Endpoints/HookReader.cs"] = "what a push deploys",
        ["Endpoints/HookView.cs"] = "shown as it was given",
        ["Endpoints/InfoFunction.cs"] = "shown as it was given",
        ["Endpoints/ListQuery.cs"] = "a pattern that begins with a scheme",
        ["Endpoints/QueueFunction.cs"] = "shown as it was given",
        ["Hooks/Hook.cs"] = "its identity is made of it",
        ["Hooks/HookCheckup.cs"] = "which is refused today",
        ["Hooks/HookRules.cs"] = "what a forge calls the repository",
        ["Notifications/ChatMessage.cs"] = "shown as it was given",
        ["Notifications/HttpNotifier.cs"] = "the forge that is called",
        ["Security/SecretVault.cs"] = "its identity is made of it",
        ["Sources/GitRouter.cs"] = "where git fetches from",
        ["Sources/GitSource.cs"] = "where git fetches from",
    };

    [Fact]
    public void All_that_belongs_to_a_repository_goes_by_its_identity() =>
        Assert.Equal(
            Users.Keys.Order(StringComparer.Ordinal),
            // Of an answer it is the coding of HTTP that goes by that name.
            FilesWith(Identity()).Except(["Deployments/RepositoryIdentity.cs", "Proxy/AnswerHead.cs"]));

    [Fact]
    public void Nobody_else_reads_an_address_as_it_was_written() =>
        Assert.Empty(FilesWith(Address()).Except(Readers.Keys));

    [Fact]
    public void No_statement_compares_or_groups_by_an_address_as_it_was_written() =>
        Assert.Empty(
            from file in Sources("Data")
            where !file.Contains("Migrations", StringComparison.Ordinal)
            from Match match in Comparison().Matches(File.ReadAllText(file).Replace("SET forge = $forge, url = $url", ""))
            select $"{Path.GetFileName(file)}: {match.Value}");

    private static IEnumerable<string> FilesWith(Regex what) =>
        Sources("").Where(file => what.IsMatch(CodeOf(file)))
            .Select(file => Path.GetRelativePath(Functions, file).Replace('\\', '/'))
            .Order(StringComparer.Ordinal);

    private static string CodeOf(string file) => string.Join(
        '\n', File.ReadLines(file).Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal)));

    private static IEnumerable<string> Sources(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Functions, folder), "*.cs", SearchOption.AllDirectories)
            .Where(file => Path.GetRelativePath(Functions, file).Split(Path.DirectorySeparatorChar)[0] is not ("bin" or "obj"));

    [GeneratedRegex(@"\bRepositoryIdentity\b|\bIdentity\b|\bidentity\b")]
    private static partial Regex Identity();

    // Of what has a repository; receivers of notifications and published ports have addresses, too.
    [GeneratedRegex(
        @"\b([Oo]ptions|asked|wanted|deployment|Deployment|[Hh]ook|[Ss]ummary|happening|entry|change|open|now|earlier)\.Url\b"
        + @"|options ->> 'url'|\bGlob\.TargetOf\(|\bTargetOf\(string url\)")]
    private static partial Regex Address();

    [GeneratedRegex(@"'url'\s*(=|<>|IS|IN)\s|\burl\s*(=(?!>)|<>|\bIS\b|\bIN\b)\s*[^""\s]|(PARTITION BY|GROUP BY|ON CONFLICT \()[^\n]*\burl\b|=\s*\w+\.url\b")]
    private static partial Regex Comparison();
}
