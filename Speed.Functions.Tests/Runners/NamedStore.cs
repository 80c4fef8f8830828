using System.Reflection;
using Speed.Deployments;

namespace Speed.Tests.Runners;

/// <summary>A store that knows its instance, and the deployments that a test has: all that a runner asks of one.</summary>
public class NamedStore : DispatchProxy
{
    private string _instance = "";
    private Func<long, Deployment?> _find = _ => null;

    public static IDeploymentStore Create(string instance, Func<long, Deployment?>? find = null)
    {
        var store = Create<IDeploymentStore, NamedStore>();
        ((NamedStore)(object)store)._instance = instance;
        ((NamedStore)(object)store)._find = find ?? (_ => null);
        return store;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod?.Name switch
    {
        "get_Instance" => _instance,
        nameof(IDeploymentStore.FindAsync) => Task.FromResult(_find((long)args![0]!)),
        _ => throw new NotSupportedException(targetMethod?.Name),
    };
}
