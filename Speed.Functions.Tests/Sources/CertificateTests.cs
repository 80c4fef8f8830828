using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Sources;

/// <summary>Drives real Git: over TLS, only a server that somebody vouches for is spoken to.</summary>
public sealed class CertificateTests : IAsyncLifetime
{
    private readonly X509Certificate2 _certificate = Create("git.example");
    private SourceWorld _world = null!;
    private GitServer _server = null!;

    private string Url => $"https://git.example:{new Uri(_server.Url).Port}/app";

    public async ValueTask InitializeAsync()
    {
        _world = await SourceWorld.StartAsync();
        _server = await GitServer.StartAsync(_certificate);
        _server.RedirectTo = request => request.Path == "/app/info/refs"
            ? $"/app.git/info/refs{request.QueryString}"
            : null;
        _world.Options.AllowedHosts = ["git.example"];
        _world.Options.Resolve = (_, _) => Task.FromResult(new[] { IPAddress.Loopback });
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _world.DisposeAsync();
        _certificate.Dispose();
    }

    [Fact]
    public async Task A_server_of_the_operators_own_authority_is_trusted_by_us_and_by_git()
    {
        var repository = await _server.CreateAsync("app", r => r.File("a", "1"));
        _world.Options.CaFile = Path.Combine(repository.Folder, "ca.pem");
        await File.WriteAllTextAsync(
            _world.Options.CaFile, _certificate.ExportCertificatePem(), TestContext.Current.CancellationToken);

        await using var tree = await _world.FetchAsync(Url);

        Assert.Equal(repository.Head, tree.Commit);
    }

    [Fact]
    public async Task A_server_of_an_unknown_authority_is_not_trusted()
    {
        await _server.CreateAsync("app", r => r.File("a", "1"));

        var failure = await _world.FailAsync(Url);

        Assert.Equal(FailureCode.CloneFailed, failure.Code);
        Assert.Contains("is not trusted", failure.Message);
        Assert.Empty(_server.Requests);
    }

    private static X509Certificate2 Create(string host)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = DateTimeOffset.UtcNow;
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
