using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Speed.Deployments;
using Speed.Outgoing;
using Xunit;

namespace Speed.Tests.Outgoing;

/// <summary>Drives real HTTP: what may be fetched from where, and that each redirect is judged as the first address.</summary>
/// <remarks>
/// Nothing is ever sent to a private address here but loopback, where a listener sees whether anybody came.
/// </remarks>
public sealed class FetchTests : IDisposable
{
    private readonly TcpListener _private = new(IPAddress.Loopback, 0);

    public FetchTests() => _private.Start();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private static RepositoryAddress HostOf(Uri url) =>
        new(url.Scheme, RepositoryAddress.Normalize(url.IdnHost), url.Port, "/");

    private int PrivatePort => ((IPEndPoint)_private.LocalEndpoint).Port;

    public void Dispose() => _private.Dispose();

    [Theory]
    [InlineData("http://127.0.0.1:{0}/x")]
    [InlineData("http://127.1:{0}/x")]
    [InlineData("http://0x7f000001:{0}/x")]
    [InlineData("http://2130706433:{0}/x")]
    [InlineData("http://0:{0}/x")]
    [InlineData("http://[::ffff:127.0.0.1]:{0}/x")]
    [InlineData("http://[::]:{0}/x")]
    [InlineData("http://localhost:{0}/x")]
    [InlineData("http://localhost.:{0}/x")]
    [InlineData("http://files.example:{0}/x")]
    [InlineData("http://user:pass@files.example:{0}/x")]
    public async Task Nobody_comes_to_a_private_address_that_the_operator_did_not_name_directly_or_by_a_redirect(string form)
    {
        var address = string.Format(CultureInfo.InvariantCulture, form, PrivatePort);
        await using var first = new ScriptedServer(context => RedirectAsync(context, address));
        var client = ClientOf(TimeProvider.System);

        var refused = await Assert.ThrowsAsync<AddressRefusedException>(
            () => client.FetchAsync(new Uri(address), new HostList([]), Now));
        var redirected = await Assert.ThrowsAsync<AddressRefusedException>(
            () => client.FetchAsync(new Uri(first.Address), Named(first), Now));

        Assert.False(_private.Pending());
        Assert.True(new HostList([refused.Host!]).Names(HostOf(new Uri(address))));
        Assert.Equal(refused.Host, redirected.Host);
        Assert.StartsWith($"Host `{refused.Host}` is not allowed", refused.Message, StringComparison.Ordinal);
        Assert.StartsWith($"Host `{refused.Host}`, to which it was redirected, is not", redirected.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("file:///etc/passwd")]
    [InlineData("ftp://files.example/x")]
    public async Task A_redirect_to_another_scheme_is_not_followed(string target)
    {
        await using var first = new ScriptedServer(context => RedirectAsync(context, target));

        var refused = await Assert.ThrowsAsync<AddressRefusedException>(
            () => ClientOf(TimeProvider.System).FetchAsync(new Uri(first.Address), Named(first), Now));

        Assert.Null(refused.Host);
    }

    [Theory]
    [InlineData(10, true)]
    [InlineData(11, false)]
    public async Task Ten_redirects_are_followed_and_no_more(int redirects, bool isFollowed)
    {
        await using var server = new ScriptedServer(context =>
        {
            var left = int.Parse(context.Request.Url!.AbsolutePath.Trim('/'), CultureInfo.InvariantCulture);
            return left > 0 ? RedirectAsync(context, $"/{left - 1}") : ScriptedServer.SayAsync(context, 200, "there");
        });
        var fetching = ClientOf(TimeProvider.System).FetchAsync(new Uri($"{server.Address}{redirects}"), Named(server), Now);

        if (isFollowed)
        {
            using var download = await fetching;
            Assert.Equal("there", await ReadAsync(download));
        }
        else
        {
            await Assert.ThrowsAsync<HttpRequestException>(() => fetching);
        }
    }

    [Fact]
    public async Task A_user_and_password_of_the_address_do_not_travel_with_a_redirect()
    {
        var seen = new List<string?>();
        await using var second = new ScriptedServer(context =>
        {
            seen.Add(context.Request.Headers["Authorization"]);
            return ScriptedServer.SayAsync(context, 200, "there");
        });
        await using var first = new ScriptedServer(context =>
        {
            seen.Add(context.Request.Headers["Authorization"]);
            return RedirectAsync(context, second.Address);
        });
        var address = new UriBuilder(first.Address) { UserName = "me", Password = "p%40ss" }.Uri;

        using var download = await ClientOf(TimeProvider.System).FetchAsync(address, Named(first, second), Now);

        Assert.Equal("there", await ReadAsync(download));
        Assert.Equal(["Basic " + Convert.ToBase64String("me:p@ss"u8), null], seen);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_has_thirty_seconds_to_begin(bool sendsHeaders)
    {
        var time = new FakeTimeProvider();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new ScriptedServer(async context =>
        {
            if (sendsHeaders)
            {
                context.Response.ContentLength64 = 1;
                await context.Response.OutputStream.FlushAsync();
            }

            begun.SetResult();
            await over.Task;
            context.Response.Abort();
        });

        var fetching = ClientOf(time).FetchAsync(new Uri(server.Address), Named(server), Now);
        await begun.Task;
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(fetching.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        var fault = await Assert.ThrowsAsync<HttpRequestException>(() => fetching);
        over.SetResult();

        Assert.Equal("There was no answer in 30 seconds.", fault.Message);
    }

    [Fact]
    public async Task An_answer_that_is_packed_for_the_way_is_unpacked()
    {
        await using var server = new ScriptedServer(async context =>
        {
            context.Response.Headers["Content-Encoding"] = "gzip";
            await using (var packed = new GZipStream(context.Response.OutputStream, CompressionLevel.Fastest))
            {
                await packed.WriteAsync("plain"u8.ToArray());
            }

            context.Response.Close();
        });

        using var download = await ClientOf(TimeProvider.System).FetchAsync(new Uri(server.Address), Named(server), Now);

        Assert.Equal("plain", await ReadAsync(download));
    }

    private static Task RedirectAsync(HttpListenerContext context, string target)
    {
        context.Response.StatusCode = 302;
        context.Response.Headers["Location"] = target;
        context.Response.Close();
        return Task.CompletedTask;
    }

    private static HostList Named(params ScriptedServer[] servers) =>
        new(servers.Select(server => new Uri(server.Address).Authority));

    private static async Task<string> ReadAsync(Download download)
    {
        using var all = new MemoryStream();
        var piece = new byte[3];
        while (await download.ReadAsync(piece, Now) is > 0 and var read)
        {
            all.Write(piece, 0, read);
        }

        return Encoding.UTF8.GetString(all.ToArray());
    }

    // Of every name, loopback.
    private static GuardedClient ClientOf(TimeProvider time) => new(
        new Resolver { Resolve = (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]) }, time);
}
