using System.Collections.Concurrent;
using System.Reflection;
using Speed.Deployments;

namespace Speed.Tests.Runners;

/// <summary>
/// A store that knows its instance, the deployments that a test has, and which images are for whom: all that a runner asks of
/// one.
/// </summary>
public class NamedStore : DispatchProxy
{
    private readonly ConcurrentDictionary<string, string> _publicImages = [];
    private readonly ConcurrentDictionary<string, string> _allowedImages = [];
    private string _instance = "";
    private Func<long, Deployment?> _find = _ => null;

    public static IDeploymentStore Create(string instance, Func<long, Deployment?>? find = null)
    {
        var store = Create<IDeploymentStore, NamedStore>();
        ((NamedStore)(object)store)._instance = instance;
        ((NamedStore)(object)store)._find = find ?? (_ => null);
        return store;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => (targetMethod?.Name, args) switch
    {
        ("get_Instance", _) => _instance,
        (nameof(IDeploymentStore.FindAsync), [long id, ..]) => Task.FromResult(_find(id)),
        (nameof(IDeploymentStore.RecordPublicImageAsync), [string name, string image, ..]) => Note(_publicImages, name, image),
        (nameof(IDeploymentStore.IsPublicImageAsync), [string name, string image, ..]) =>
            Task.FromResult(_publicImages.GetValueOrDefault(name) == image),
        (nameof(IDeploymentStore.RecordAllowedImageAsync), [RepositoryIdentity identity, string name, string image, ..]) =>
            Note(_allowedImages, $"{identity} {name}", image),
        (nameof(IDeploymentStore.FindAllowedImageAsync), [RepositoryIdentity identity, string name, string image, ..]) =>
            Task.FromResult(_allowedImages.GetValueOrDefault($"{identity} {name}") == image
                ? TimeProvider.System.GetUtcNow()
                : (DateTimeOffset?)null),
        _ => throw new NotSupportedException(targetMethod?.Name),
    };

    private static Task Note(ConcurrentDictionary<string, string> images, string name, string image)
    {
        images[name] = image;
        return Task.CompletedTask;
    }
}
