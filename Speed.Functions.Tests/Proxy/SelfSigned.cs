using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Speed.Tests.Data;

namespace Speed.Tests.Proxy;

internal static class SelfSigned
{
    /// <summary>Writes a certificate for this host and its key, as <c>FILE.crt</c> and <c>FILE.key</c>.</summary>
    public static void Write(TempFolder folder, string file, string host)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(folder.File($"{file}.crt"), certificate.ExportCertificatePem());
        File.WriteAllText(folder.File($"{file}.key"), key.ExportPkcs8PrivateKeyPem());
    }
}
