using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.AspNetCore.Routing.Template;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>
/// All functions of this assembly with their routes and what their callers need, read off the methods: the one place
/// where they are found and mapped, for both hosts and for the socket in containers.
/// </summary>
internal sealed class FunctionTable
{
    /// <summary>
    /// The function that brings what is for none of the others from the Azure Functions host into the pipeline. That host
    /// tries functions in the order of their names: this comes last.
    /// </summary>
    public const string Unknown = "ZUnknown";

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
        var file = Path.Combine(AppFolder.Find(configuration), "host.json");
        var host = new ConfigurationBuilder().AddJsonFile(file, optional: true).Build();
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

    /// <summary>Maps each function to its route.</summary>
    /// <param name="services">Where what they need comes from.</param>
    public void Map(IEndpointRouteBuilder routes, IServiceProvider services)
    {
        foreach (var function in Functions)
        {
            function.Map(routes, services);
        }
    }

    private IEnumerable<FunctionEntry> FindFunctions() =>
        from type in typeof(FunctionTable).Assembly.GetTypes()
        from method in type.GetMethods()
        let function = method.GetCustomAttribute<FunctionAttribute>()
        where function is not null && function.Name != Unknown
        let trigger = method.GetParameters()
            .Select(parameter => parameter.GetCustomAttribute<HttpTriggerAttribute>())
            .First(trigger => trigger is not null)
        select new FunctionEntry(
            function.Name,
            (trigger.Methods ?? []).Select(name => name.ToUpperInvariant()).ToHashSet(),
            PathOf(trigger.Route ?? function.Name),
            method);

    private string PathOf(string route) =>
        $"{_prefix}/{route.Replace(RootRoute, "", StringComparison.Ordinal)}".Trim('/');
}

/// <summary>One function: how it is called, and by whom it may be.</summary>
internal sealed partial class FunctionEntry(string name, IReadOnlySet<string> methods, string path, MethodInfo method)
{
    private const int MaxIdLength = 19;

    // No deployment and no delivery has it, so that whatever is no id gets the function's own answer for what is not there.
    private const string NobodysId = "0";

    private readonly string[] _ids =
    [
        .. method.GetParameters().Where(parameter => parameter.ParameterType == typeof(long))
            .Select(parameter => parameter.Name!),
    ];

    public string Name { get; } = name;

    public IReadOnlySet<string> Methods { get; } = methods;

    public RouteTemplate Route { get; } = TemplateParser.Parse(path);

    public TemplateMatcher Matcher { get; } = new(TemplateParser.Parse(path), []);

    public bool IsOpen { get; } = method.IsDefined(typeof(OpenToAllAttribute));

    /// <summary>Null for a function that says nothing: then nobody but an administrator may call it.</summary>
    public NeedsAttribute? Needs { get; } = method.GetCustomAttribute<NeedsAttribute>();

    /// <summary>True where programs in containers reach it through their socket: what they report with.</summary>
    public bool IsOnSocket => Needs is { Scope: Scope.Report };

    /// <summary>The scope that the caller lacks; null where nothing is lacking.</summary>
    public Scope? LackedBy(Caller caller)
    {
        var scope = Needs is null ? Scope.Admin : Needs.Scope;
        return scope is { } needed && !caller.Has(needed) ? needed : null;
    }

    /// <param name="services">Where what the function needs comes from.</param>
    public void Map(IEndpointRouteBuilder routes, IServiceProvider services)
    {
        // What an id is, is judged below: a constraint would leave the request to nobody.
        var pattern = RoutePatternFactory.Parse(IdConstraint().Replace(path, "}"));
        var options = new RequestDelegateFactoryOptions
        {
            ServiceProvider = routes.ServiceProvider,
            RouteParameterNames = pattern.Parameters.Select(parameter => parameter.Name),
        };
        var metadata = RequestDelegateFactory.InferMetadata(method, options);

        // Compiled for its first request: all of them together would be a good part of the time that a start takes.
        var function = new Lazy<RequestDelegate>(() => RequestDelegateFactory.Create(
            method, method.IsStatic ? null : TargetFactory(services), options, metadata).RequestDelegate);
        routes.MapMethods(pattern.RawText!, Methods, RunAsync)
            .WithDisplayName(Name)
            .WithMetadata([method, .. metadata.EndpointMetadata]);

        Task RunAsync(HttpContext context)
        {
            foreach (var id in _ids.Where(id => !IsId(context.GetRouteValue(id) as string)))
            {
                context.Request.RouteValues[id] = NobodysId;
            }

            return function.Value(context);
        }
    }

    private Func<HttpContext, object> TargetFactory(IServiceProvider services)
    {
        var create = ActivatorUtilities.CreateFactory(method.DeclaringType!, []);
        return _ => create(services, []);
    }

    // The same under both hosts, whatever each takes for a number.
    private static bool IsId(string? text) =>
        text is { Length: >= 1 and <= MaxIdLength }
        && text.All(char.IsAsciiDigit)
        && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    [GeneratedRegex(":long\\}")]
    private static partial Regex IdConstraint();
}
