using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Template;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>
/// All functions of this assembly with their routes and what their callers need. Read off the methods, since the Azure
/// Functions host does the routing itself and tells the worker only the path.
/// </summary>
internal sealed class FunctionTable
{
    /// <summary>How a route for the root alone has to be written for the Azure Functions host.</summary>
    private const string RootRoute = "{ignored:maxlength(0)?}";

    private readonly string _prefix;

    private FunctionTable(string prefix)
    {
        _prefix = prefix.Trim('/');
        Functions = [.. FindFunctions()];
    }

    public IReadOnlyList<FunctionEntry> Functions { get; }

    /// <summary>By the route prefix of the host.json beside the program, <c>api</c> unless set.</summary>
    public static FunctionTable Read(IConfiguration configuration)
    {
        var folder = configuration["AzureWebJobsScriptRoot"] ?? AppContext.BaseDirectory;
        var host = new ConfigurationBuilder().AddJsonFile(Path.Combine(folder, "host.json"), optional: true).Build();
        return new FunctionTable(host["extensions:http:routePrefix"] ?? "api");
    }

    /// <summary>The function that a request is for, with the values in its path; null where there is none.</summary>
    public (FunctionEntry Function, RouteValueDictionary Values)? Find(HttpRequest request)
    {
        foreach (var function in Functions)
        {
            var values = new RouteValueDictionary();
            if (function.Methods.Contains(request.Method) && function.Matcher.TryMatch(request.Path, values))
            {
                return (function, values);
            }
        }

        return null;
    }

    /// <summary>The methods with which functions at this path are called; empty where there are none.</summary>
    public IReadOnlyList<string> MethodsAt(PathString path) =>
    [
        .. Functions.Where(function => function.Matcher.TryMatch(path, [])).SelectMany(function => function.Methods)
            .Distinct().Order(),
    ];

    private IEnumerable<FunctionEntry> FindFunctions() =>
        from type in typeof(FunctionTable).Assembly.GetTypes()
        from method in type.GetMethods()
        let function = method.GetCustomAttribute<FunctionAttribute>()
        where function is not null
        let trigger = method.GetParameters()
            .Select(parameter => parameter.GetCustomAttribute<HttpTriggerAttribute>())
            .First(trigger => trigger is not null)
        select new FunctionEntry(
            function.Name,
            (trigger.Methods ?? []).Select(name => name.ToUpperInvariant()).ToHashSet(),
            TemplateParser.Parse(PathOf(trigger.Route ?? function.Name)),
            method);

    private string PathOf(string route) =>
        $"{_prefix}/{route.Replace(RootRoute, "", StringComparison.Ordinal)}".Trim('/');
}

/// <summary>One function: how it is called, and by whom it may be.</summary>
internal sealed class FunctionEntry(string name, IReadOnlySet<string> methods, RouteTemplate route, MethodInfo method)
{
    public string Name { get; } = name;

    public IReadOnlySet<string> Methods { get; } = methods;

    public RouteTemplate Route { get; } = route;

    public TemplateMatcher Matcher { get; } = new(route, []);

    public bool IsOpen { get; } = method.IsDefined(typeof(OpenToAllAttribute));

    /// <summary>Null for a function that says nothing: then nobody but an administrator may call it.</summary>
    public NeedsAttribute? Needs { get; } = method.GetCustomAttribute<NeedsAttribute>();

    /// <summary>The scope that the caller lacks; null where nothing is lacking.</summary>
    public Scope? LackedBy(Caller caller)
    {
        var scope = Needs is null ? Scope.Admin : Needs.Scope;
        return scope is { } needed && !caller.Has(needed) ? needed : null;
    }
}
