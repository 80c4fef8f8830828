using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Speed.Proxy;

/// <summary>
/// The operator's certificates. Their files are looked at once a second at most, when somebody connects; where what
/// came in their place cannot be used, what was there before stays.
/// </summary>
internal sealed partial class Certificates(ProxySettings settings, TimeProvider time, ILogger<Certificates> logger)
{
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private Dictionary<string, Entry> _entries = [];
    private long _lookedAt;

    /// <summary>
    /// Reads them for the first time. Throws <see cref="OptionsValidationException"/>, whose sentence names the
    /// setting, where one cannot be used or there is none.
    /// </summary>
    public void Load()
    {
        foreach (var (certificate, key) in Files())
        {
            try
            {
                _entries[certificate] = new Entry(Read(certificate, key), Certificate.Load(certificate, key));
            }
            catch (Exception fault) when (IsUnusable(fault))
            {
                throw Unusable(SettingOf(certificate), $"has {certificate}, which cannot be used: {fault.Message}");
            }
        }

        _lookedAt = time.GetTimestamp();
        if (_entries.Count == 0)
        {
            throw Unusable(nameof(settings.CertificateFolder), "has no name.crt with its name.key.");
        }
    }

    /// <summary>
    /// The one that is for this name; else that of <c>CertificateFile</c>, or the first of the folder.
    /// </summary>
    /// <param name="name">As the client asks for it. Null: it asks for none.</param>
    public SslStreamCertificateContext For(string? name)
    {
        lock (_lock)
        {
            if (time.GetElapsedTime(_lookedAt) >= LookAgainAfter)
            {
                _lookedAt = time.GetTimestamp();
                LookAgain();
            }

            var all = _entries.Values.Select(entry => entry.Certificate).OfType<Certificate>().ToList();
            return (all.Find(certificate => name is { Length: > 0 } && certificate.IsFor(name)) ?? all[0]).Context;
        }
    }

    private void LookAgain()
    {
        var now = new Dictionary<string, Entry>();
        foreach (var (certificate, key) in Files())
        {
            now[certificate] = LookAgain(certificate, key, _entries.GetValueOrDefault(certificate));
        }

        // An empty folder is one that is being filled anew.
        if (now.Values.Any(entry => entry.Certificate is not null))
        {
            _entries = now;
        }
    }

    // What was in use is not disposed: handshakes may be with it.
    private Entry LookAgain(string certificate, string key, Entry? before)
    {
        string? text = null;
        try
        {
            text = Read(certificate, key);
            if (before?.Text == text)
            {
                return before;
            }

            var entry = new Entry(text, Certificate.Load(certificate, key));
            Loaded(certificate);
            return entry;
        }
        catch (Exception fault) when (IsUnusable(fault))
        {
            var broken = text ?? fault.Message;
            if (before?.Text != broken)
            {
                NotLoaded(certificate, fault.Message);
            }

            return new Entry(broken, before?.Certificate);
        }
    }

    // A key that is written after its certificate is on its way.
    private IEnumerable<(string Certificate, string Key)> Files()
    {
        if (settings.CertificateFile is { } file)
        {
            yield return (file, settings.KeyFile!);
        }

        if (settings.CertificateFolder is { } folder && Directory.Exists(folder))
        {
            foreach (var certificate in Directory.GetFiles(folder, "*.crt").Order(StringComparer.Ordinal))
            {
                if (Path.ChangeExtension(certificate, ".key") is var key && File.Exists(key))
                {
                    yield return (certificate, key);
                }
            }
        }
    }

    private string SettingOf(string certificate) =>
        certificate == settings.CertificateFile ? nameof(settings.CertificateFile) : nameof(settings.CertificateFolder);

    private static string Read(string certificate, string key) => File.ReadAllText(certificate) + File.ReadAllText(key);

    private static bool IsUnusable(Exception fault) =>
        fault is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException;

    private static OptionsValidationException Unusable(string name, string sentence) =>
        new(name, typeof(ProxySettings), [$"Speed__Proxy__{name} {sentence}"]);

    [LoggerMessage(LogLevel.Information, "The certificate {File} was read anew")]
    private partial void Loaded(string file);

    [LoggerMessage(LogLevel.Warning, "The certificate {File} cannot be used, and what was read before stays: {Reason}")]
    private partial void NotLoaded(string file, string reason);

    /// <param name="Text">Of both files; of what was wrong where they could not be read.</param>
    private sealed record Entry(string Text, Certificate? Certificate);

    private sealed record Certificate(X509Certificate2 Leaf, SslStreamCertificateContext Context)
    {
        public static Certificate Load(string certificate, string key)
        {
            var leaf = X509Certificate2.CreateFromPemFile(certificate, key);
            if (OperatingSystem.IsWindows())
            {
                // TLS there cannot use a key that is in memory only.
                leaf = X509CertificateLoader.LoadPkcs12(leaf.Export(X509ContentType.Pfx), password: null);
            }

            var all = new X509Certificate2Collection();
            all.ImportFromPemFile(certificate);
            return new Certificate(leaf, SslStreamCertificateContext.Create(leaf, all, offline: true));
        }

        public bool IsFor(string name) => Leaf.MatchesHostname(name);
    }
}
