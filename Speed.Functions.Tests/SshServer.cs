using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Speed.Tests;

/// <summary>OpenSSH's own server on a loopback port, with keys of its own; it lets in who has the client's key.</summary>
public sealed class SshServer : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("speed-ssh-").FullName;
    private Process? _sshd;
    private Task<string> _told = Task.FromResult("");

    private SshServer()
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        Port = ((IPEndPoint)free.LocalEndpoint).Port;
    }

    public int Port { get; }

    /// <summary>The private key that is let in.</summary>
    public string Key => File.ReadAllText(PathOf("client"));

    /// <summary>The server's key, as <c>known_hosts</c> has it after the host.</summary>
    public string HostKey => File.ReadAllText(PathOf("server.pub"));

    public static async Task<SshServer> StartAsync()
    {
        var server = new SshServer();
        try
        {
            await server.CreateKeyAsync("server");
            await server.CreateKeyAsync("client");
            await server.RunAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Another private key.</summary>
    public async Task<string> CreateKeyAsync(string name)
    {
        using var keygen = Process.Start("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", PathOf(name)]);
        await keygen.WaitForExitAsync();
        return await File.ReadAllTextAsync(PathOf(name));
    }

    public async ValueTask DisposeAsync()
    {
        if (_sshd is not null)
        {
            _sshd.Kill(entireProcessTree: true);
            await _sshd.WaitForExitAsync();
            await _told;
            _sshd.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private string PathOf(string name) => Path.Combine(_folder, name);

    private async Task RunAsync()
    {
        // As root it wants this folder, which only a system's own start makes.
        if (Environment.IsPrivilegedProcess)
        {
            Directory.CreateDirectory("/run/sshd");
        }

        await File.WriteAllTextAsync(PathOf("config"), $"""
            ListenAddress 127.0.0.1:{Port}
            HostKey "{PathOf("server")}"
            AuthorizedKeysFile "{PathOf("client.pub")}"
            AuthenticationMethods publickey
            PermitRootLogin prohibit-password
            StrictModes no
            UsePAM no
            PidFile none
            """);
        _sshd = Process.Start(new ProcessStartInfo("/usr/sbin/sshd", ["-D", "-e", "-f", PathOf("config")])
        {
            RedirectStandardError = true,
        })!;
        while (await _sshd.StandardError.ReadLineAsync() is { } line)
        {
            if (line.Contains("Server listening"))
            {
                // It goes on to write; with nobody to read it would stand still.
                _told = _sshd.StandardError.ReadToEndAsync();
                return;
            }
        }

        throw new InvalidOperationException("sshd did not start.");
    }
}
