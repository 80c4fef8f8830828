using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;

namespace Speed.Hosting;

/// <summary>Finds the functions of this assembly and maps each to its route.</summary>
internal static class FunctionRoutes
{
    /// <summary>How a route for the root alone has to be written for the Azure Functions host.</summary>
    private const string EmptyRoute = "{ignored:maxlength(0)?}";

    private const BindingFlags All =
        BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static void MapFunctions(this IEndpointRouteBuilder routes, string prefix)
    {
        var functions =
            from type in typeof(FunctionRoutes).Assembly.GetTypes()
            from method in type.GetMethods(All)
            let function = method.GetCustomAttribute<FunctionAttribute>()
            where function is not null
            select (function.Name, method);

        foreach (var (name, method) in functions)
        {
            var trigger = FindTrigger(method)
                ?? throw new InvalidOperationException($"Function {name} has no parameter with an HttpTrigger.");
            routes.MapFunction(name, method, trigger, prefix);
        }
    }

    private static void MapFunction(
        this IEndpointRouteBuilder routes, string name, MethodInfo method, HttpTriggerAttribute trigger, string prefix)
    {
        var pattern = RoutePatternFactory.Parse(PathOf(prefix, trigger.Route ?? name));
        var options = new RequestDelegateFactoryOptions
        {
            ServiceProvider = routes.ServiceProvider,
            RouteParameterNames = pattern.Parameters.Select(parameter => parameter.Name),
        };
        var metadata = RequestDelegateFactory.InferMetadata(method, options);

        // Compiled for its first request: all of them together would be a good part of the time that a start takes.
        var function = new Lazy<RequestDelegate>(() => RequestDelegateFactory.Create(
            method, method.IsStatic ? null : TargetFactory(method.DeclaringType!), options, metadata).RequestDelegate);
        Task RunAsync(HttpContext context) => function.Value(context);

        var methods = trigger.Methods?.Select(method => method.ToUpperInvariant()).ToArray();
        var endpoint = methods is { Length: > 0 }
            ? routes.MapMethods(pattern.RawText!, methods, RunAsync)
            : routes.Map(pattern, RunAsync);
        endpoint.WithDisplayName(name).WithMetadata([method, .. metadata.EndpointMetadata]);
    }

    // As a pattern, the empty route would be a candidate for every path of one segment, and their 405 a 404.
    private static string PathOf(string prefix, string route) =>
        $"{prefix.Trim('/')}/{route.Replace(EmptyRoute, "", StringComparison.Ordinal)}".Trim('/');

    private static Func<HttpContext, object> TargetFactory(Type type)
    {
        var create = ActivatorUtilities.CreateFactory(type, []);
        return context => create(context.RequestServices, []);
    }

    private static HttpTriggerAttribute? FindTrigger(MethodInfo method) =>
        method.GetParameters()
            .Select(parameter => parameter.GetCustomAttribute<HttpTriggerAttribute>())
            .FirstOrDefault(trigger => trigger is not null);
}
