using System.Text;
using System.Text.Encodings.Web;
using Microsoft.Extensions.DependencyInjection;
using Speed.Data;
using Speed.Deployments;
using Speed.Security;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: secrets reach the container, and nothing that is kept.</summary>
public sealed class SecretTests : IAsyncLifetime
{
    // Says a value as it is, and as base64 in all alignments and in lines.
    private const string Say = """
        say() {
          printf 'raw %s\n' "$1"
          for before in '' x xy; do printf '%s%s' "$before" "$1" | base64 | tr -d '\n'; echo; done
          printf '%s' "$1" | base64
        }
        """;

    private readonly World _world = new();
    private readonly string _key = $"k3y\"q\\o/+& é={Guid.NewGuid():N}";
    private readonly string _lines = $"a first line {Guid.NewGuid():N}\nab\na third line {Guid.NewGuid():N}";
    private readonly string _plain = $"plain{Guid.NewGuid():N}";

    public async ValueTask InitializeAsync()
    {
        await _world.InitializeAsync();
        await PutAsync("A_KEY", _key);
        await PutAsync("LINES", _lines);
        await PutAsync("PLAIN", _plain);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task What_a_program_says_of_its_secrets_in_any_form_is_seen_nowhere()
    {
        const string Program = $$"""
            {{Say}}
            all() {
              say "$A_KEY"; say "$SPEED_TOKEN"; say "$PLAIN"; printf 'raw %s\n' "$LINES"; cat /files/forms
              cat /files/half1; sleep 0.5; cat /files/half2; echo
            }
            all; all >&2; exit 4
            """;
        // Never built before, or the engine would not run it.
        var once = Guid.NewGuid();
        var repository = await RepositoryAsync(
            $"FROM busybox\nARG A_KEY\nRUN echo \"{once} [$A_KEY]\"\nCOPY files /files\nCMD [\"sh\", \"/files/run\"]\n", Program);

        var ended = await _world.DeployAsync(repository, new { secrets = (string[])["A_KEY", "LINES", "PLAIN"] });

        ended.FailedWith("EXIT_NONZERO", "run");
        Assert.Contains($"{once} []", ended.Log, StringComparison.Ordinal);
        Assert.Contains("raw ***\n***\n***\nform ***\n", ended.Results, StringComparison.Ordinal);
        Assert.Equal(8, ended.Log.Split('\n').Count(line => line == "raw ***"));
        Assert.Equal(2, ended.Log.Split('\n').Count(line => line == "split ***"));
        await IsNowhereAsync(ended);
    }

    [Fact]
    public async Task What_a_failing_build_says_of_them_is_seen_nowhere()
    {
        var repository = await RepositoryAsync(
            $"FROM busybox\nCOPY files /files\nRUN cat /files/forms; cat /files/forms >&2; echo '{_plain}'; exit 3\n", "");

        var ended = await _world.DeployAsync(repository, new { secrets = (string[])["A_KEY", "LINES", "PLAIN"] });

        Assert.Contains("echo '***'", ended.FailedWith("BUILD_FAILED", "build"), StringComparison.Ordinal);
        Assert.Contains("form ***", ended.Log, StringComparison.Ordinal);
        await IsNowhereAsync(ended);
    }

    [Fact]
    public async Task Rotation_deletion_and_a_restart_unmask_nothing_and_then_nothing_is_kept()
    {
        const string Program = $$"""
            {{Say}}
            printf '%s\n' "$LINES"; say "$A_KEY"; echo started
            trap 'printf "%s\n" "$LINES"; say "$A_KEY"; cat /files/forms; echo ended; exit 0' USR1
            while true; do sleep 0.1; done
            """;
        var repository = await RepositoryAsync("FROM busybox\nCOPY files /files\nCMD [\"sh\", \"/files/run\"]\n", Program);
        var id = await _world.StartAsync(repository, new { secrets = (string[])["A_KEY", "LINES"] });
        await _world.SeesLineAsync(id, "started");
        Assert.Equal("1", await CountTakenAsync());

        await PutAsync("A_KEY", "another value");
        await _world.App.DeleteAsync("/v1/secrets/LINES");
        await _world.App.RestartAsync();
        using var reported = await _world.App.PostAsync($"/add_results/{id}", new { results = $"reported {_key}" });
        using var updated = await _world.App.UpdateAsync(id, $"updated {Uri.EscapeDataString(_key)}");
        await _world.SignalAsync(id, "USR1");
        var ended = (await _world.EndAsync(id)).Succeeded();

        Assert.StartsWith("reported ***\nupdated ***\n***\n***\n***\nraw ***\n", ended.Results, StringComparison.Ordinal);
        Assert.Equal(
            ended.Results.Split('\n').Skip(2),
            ended.Log.Split('\n').SkipWhile(line => line != "***").TakeWhile(line => !line.StartsWith("Succeeded", StringComparison.Ordinal)));
        Assert.True(ended.Resource.GetProperty("log").GetProperty("complete").GetBoolean());
        await IsNowhereAsync(ended);
        Assert.Equal("0", await CountTakenAsync());
    }

    private async Task PutAsync(string name, string value) =>
        Assert.Equal(204, (await _world.App.PutAsync($"/v1/secrets/{name}", new { value, use = "run" })).Status);

    // The program finds files with the forms that a shell does not make, and with a value in two halves.
    private Task<GitRepository> RepositoryAsync(string dockerfile, string program)
    {
        var forms = new[]
        {
            _key, Uri.EscapeDataString(_key), Uri.EscapeDataString(_key).Replace("%2F", "/", StringComparison.Ordinal),
            JavaScriptEncoder.Default.Encode(_key), JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(_key),
            JavaScriptEncoder.Default.Encode(_lines), Uri.EscapeDataString(_lines),
        };
        return _world.RepositoryAsync(r => r
            .File("Dockerfile", dockerfile)
            .File("files/run", program)
            .File("files/forms", string.Concat(forms.Select(form => $"form {form}\n")))
            .File("files/half1", $"split {_key[..20]}")
            .File("files/half2", _key[20..]));
    }

    // Neither in what the API gives, nor in any file of the data directory.
    private async Task IsNowhereAsync(Ended ended)
    {
        var services = _world.App.Services;
        var deployment = await services.GetRequiredService<IDeploymentStore>().FindAsync(ended.Id, Token);
        var token = services.GetRequiredService<LeaderTokens>().For(deployment!);
        var forms = new[] { _key, _lines, _plain, token }.SelectMany(SecretForms.Of).Distinct().ToArray();
        var files = await ReadDataAsync();

        // What was masked can be read in them, so what was not could be, too.
        Assert.Contains(files, file => Has(file.Value, "form ***"));
        foreach (var form in forms)
        {
            Assert.DoesNotContain(form, ended.Log, StringComparison.Ordinal);
            Assert.DoesNotContain(form, ended.Results, StringComparison.Ordinal);
            Assert.DoesNotContain(form, ended.Resource.GetRawText(), StringComparison.Ordinal);
            Assert.DoesNotContain(files, file => Has(file.Value, form));
        }

        static bool Has(byte[] bytes, string text) => bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;
    }

    // Copied by another process: to open a database here, and to close it, would drop SQLite's locks.
    private async Task<Dictionary<string, byte[]>> ReadDataAsync()
    {
        using var copy = new Data.TempFolder();
        using var process = System.Diagnostics.Process.Start("cp", ["-r", _world.App.DataDirectory, copy.File("data")]);
        await process.WaitForExitAsync(Token);
        return Directory.EnumerateFiles(copy.FullPath, "*", SearchOption.AllDirectories)
            .Where(path => Path.GetExtension(path) != ".sock")
            .ToDictionary(path => path, File.ReadAllBytes);
    }

    private Task<string?> CountTakenAsync() => _world.App.Services.GetRequiredService<DbManager>().Database
        .ReadAsync(db => db.Run("SELECT count(*) FROM taken"), Token);

    private static CancellationToken Token => TestContext.Current.CancellationToken;
}
