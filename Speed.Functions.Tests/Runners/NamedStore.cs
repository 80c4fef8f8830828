using System.Reflection;
using Speed.Deployments;

namespace Speed.Tests.Runners;

/// <summary>A store that knows its instance and nothing else: all that a runner asks of one.</summary>
public class NamedStore : DispatchProxy
{
    private string _instance = "";

    public static IDeploymentStore Create(string instance)
    {
        var store = Create<IDeploymentStore, NamedStore>();
        ((NamedStore)(object)store)._instance = instance;
        return store;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        targetMethod?.Name == "get_Instance" ? _instance : throw new NotSupportedException(targetMethod?.Name);
}
