using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Speed.Endpoints;
using Xunit;

namespace Speed.Tests.OpenApi;

/// <summary>
/// The OpenAPI document, made anew: routes, path parameters and the answers that signatures tell come from the
/// functions; what they do not tell (bodies, queries, errors, examples) from descriptions.json, by function name.
/// </summary>
internal static partial class ApiDocument
{
    private const string Name = "speed";

    private static readonly JsonSerializerOptions Written = new(Wire.Json) { WriteIndented = true, NewLine = "\n" };

    /// <summary>Functions without a description, and descriptions without a function.</summary>
    public static IEnumerable<string> FindStrays(FunctionTable functions)
    {
        var described = Described();
        var names = functions.Functions.Select(function => function.Name).ToHashSet();
        return
        [
            .. names.Where(name => !described.ContainsKey(name)).Select(name => $"{name} has no description"),
            .. described.Select(one => one.Key).Where(name => !names.Contains(name))
                .Select(name => $"{name} is described and not there"),
        ];
    }

    public static async Task<string> MakeAsync()
    {
        await using var app = await SpeedApp.OpenAsync(
            new() { ["Speed__MaxRunning"] = "0" },
            services => services.AddOpenApi(
                Name,
                api =>
                {
                    api.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
                    api.AddSchemaTransformer(RequireOnlyWhatIsAlwaysThereAsync);
                }));
        var document = await GenerateAsync(app);
        foreach (var function in app.Services.GetRequiredService<FunctionTable>().Functions)
        {
            Describe(document, function);
        }

        Merge(document, Descriptions(), "components");
        return document.ToJsonString(Written) + "\n";
    }

    // A record's parameters are all required to read it; but some are left out when it is written.
    private static Task RequireOnlyWhatIsAlwaysThereAsync(
        OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        foreach (var property in context.JsonTypeInfo.Properties)
        {
            if (property.AttributeProvider?.IsDefined(typeof(JsonIgnoreAttribute), inherit: true) == true)
            {
                schema.Required?.Remove(property.Name);
            }
        }

        return Task.CompletedTask;
    }

    private static async Task<JsonObject> GenerateAsync(SpeedApp app)
    {
        var provider = app.Services.GetRequiredKeyedService<IOpenApiDocumentProvider>(Name);
        var made = await provider.GetOpenApiDocumentAsync(TestContext.Current.CancellationToken);
        made.Info = new OpenApiInfo { Title = "SPEED", Version = "1" };
        made.Servers = [];
        var json = await made.SerializeAsJsonAsync(
            OpenApiSpecVersion.OpenApi3_1, TestContext.Current.CancellationToken);
        return JsonNode.Parse(json)!.AsObject();
    }

    private static void Describe(JsonObject document, FunctionEntry function)
    {
        var path = "/" + Constraint().Replace(function.Route.TemplateText!, "{$1}");
        foreach (var method in function.Methods)
        {
            var operation = document["paths"]![path]![method.ToLowerInvariant()]!.AsObject();
            var description = Described()[function.Name]!.AsObject();
            operation.Remove("tags");
            operation["operationId"] = function.Name;
            operation["summary"] = description["summary"]!.DeepClone();
            operation["security"] = SecurityOf(function);
            SayWhatIdsAre(operation);
            Append(operation, description);
            if (description["requestBody"] is { } body)
            {
                operation["requestBody"] = body.DeepClone();
            }

            operation["responses"] ??= new JsonObject();
            Merge(operation, description, "responses");
            AddCommonAnswers(operation["responses"]!.AsObject(), function, path, description.ContainsKey("requestBody"));
        }
    }

    // A path is text, of which the functions take digits alone.
    private static void SayWhatIdsAre(JsonObject operation)
    {
        foreach (var id in (operation["parameters"]?.AsArray() ?? []).Where(one => (string?)one!["schema"]?["format"] == "int64"))
        {
            id!["schema"]!["type"] = "integer";
        }
    }

    // What every function may be answered before it is called: by access, by the body's reader, by the store.
    private static void AddCommonAnswers(JsonObject answers, FunctionEntry function, string path, bool hasBody)
    {
        var kind = path.StartsWith("/v1/", StringComparison.Ordinal) ? "Problem" : "Error";
        string[] common =
        [
            .. function.IsOpen ? Array.Empty<string>() : ["401"], "403", .. hasBody ? ["413", "415"] : Array.Empty<string>(),
            "503", "default",
        ];
        foreach (var status in common)
        {
            var later = status == "503" ? "Later" : "";
            answers[status] ??= new JsonObject { ["$ref"] = $"#/components/responses/{kind}{later}" };
        }
    }

    private static JsonArray SecurityOf(FunctionEntry function) => function.IsOpen
        ? []
        : new JsonArray([.. new[] { "token", "key", "session page" }.Select(schemes => new JsonObject(
            schemes.Split(' ').Select(scheme => KeyValuePair.Create<string, JsonNode?>(
                scheme, new JsonArray([.. ScopesOf(function)])))))]);

    private static IEnumerable<JsonNode> ScopesOf(FunctionEntry function) =>
        function.Needs?.Scope is { } scope ? [JsonValue.Create(scope.ToString().ToLowerInvariant())] : [];

    private static void Append(JsonObject operation, JsonObject description)
    {
        foreach (var parameter in description["parameters"]?.AsArray() ?? [])
        {
            operation["parameters"] ??= new JsonArray();
            operation["parameters"]!.AsArray().Add(parameter!.DeepClone());
        }
    }

    // Members of the description win, one level down.
    private static void Merge(JsonObject target, JsonObject source, string name)
    {
        foreach (var (key, value) in source[name]?.AsObject() ?? [])
        {
            target[name] ??= new JsonObject();
            if (name == "components")
            {
                Merge(target[name]!.AsObject(), source[name]!.AsObject(), key);
            }
            else
            {
                target[name]![key] = value!.DeepClone();
            }
        }
    }

    private static JsonObject Described() => Descriptions()["functions"]!.AsObject();

    private static JsonObject Descriptions()
    {
        using var stream = typeof(ApiDocument).Assembly.GetManifestResourceStream("descriptions.json")!;
        return JsonNode.Parse(stream)!.AsObject();
    }

    [GeneratedRegex(@"\{\*{0,2}(\w+)[^}]*\}")]
    private static partial Regex Constraint();
}
