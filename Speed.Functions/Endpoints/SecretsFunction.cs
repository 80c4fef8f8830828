using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>Secrets: written, listed without their values, deleted; read by nobody.</summary>
public sealed class SecretsFunction(SecretVault vault)
{
    [Function("Secrets")]
    [Needs(Scope.Secrets)]
    public async Task<Ok<SecretList>> ListAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/secrets")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var secrets = await vault.ListAsync(cancellationToken);
        return TypedResults.Ok(new SecretList(
            [
                .. from secret in secrets
                   let deployers = secret.Use == SecretUse.Registry || secret.Deployers.Count > 0 ? secret.Deployers : null
                   select new SecretView(secret.Name, secret.Use, secret.Repos, secret.Username, deployers),
            ]));
    }

    [Function("PutSecret")]
    [Needs(Scope.Secrets)]
    public async Task<Results<NoContent, Refusal>> PutAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "put", Route = "v1/secrets/{name}")] HttpRequest request,
        string name,
        CancellationToken cancellationToken)
    {
        var body = await Body.ReadAsync(request, cancellationToken);
        var (secret, value) = SecretReader.Read(name, body.Fields);
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        await vault.PutAsync(secret, value, cancellationToken);
        return TypedResults.NoContent();
    }

    [Function("DeleteSecret")]
    [Needs(Scope.Secrets)]
    public async Task<Results<NoContent, Refusal>> DeleteAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "v1/secrets/{name}")] HttpRequest request,
        string name,
        CancellationToken cancellationToken) =>
        await vault.DeleteAsync(name, cancellationToken)
            ? TypedResults.NoContent()
            : new Refusal(404, "NOT_FOUND", "Secret not found");
}

public sealed record SecretList(IReadOnlyList<SecretView> Items);

/// <param name="Deployers">Empty, and left out but for registries: every repository's deployments may use it.</param>
public sealed record SecretView(
    string Name,
    SecretUse Use,
    IReadOnlyList<string> Repos,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Username,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Deployers);
