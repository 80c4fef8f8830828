using System.Net;
using System.Net.Sockets;
using Speed.Deployments;
using Speed.Outgoing;
using Xunit;

namespace Speed.Tests.Notifications;

/// <summary>Drives real HTTP: receivers are judged by their addresses before anything is sent.</summary>
/// <remarks>
/// Nothing is ever sent to a private address here but loopback, where a listener sees whether anybody came.
/// </remarks>
public sealed class ReceiverAddressTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public ReceiverAddressTests() => _listener.Start();

    private int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public void Dispose() => _listener.Dispose();

    [Theory]
    [InlineData("http://hooks.example/x", "https://")]
    [InlineData("https://127.0.0.1/x", "not a public address")]
    [InlineData("https://0x7f000001/x", "not a public address")]
    [InlineData("https://[::ffff:127.0.0.1]/x", "not a public address")]
    [InlineData("https://169.254.169.254/latest", "not a public address")]
    [InlineData("https://10.0.0.1:8443/", "not a public address")]
    [InlineData("https://user:pass@hooks.example/x", "user name or password")]
    [InlineData("ftp://hooks.example/x", "not allowed")]
    [InlineData("hooks.example", "https://")]
    public void An_address_that_could_not_be_told_is_refused_at_once(string url, string why) =>
        Assert.Contains(why, NotifySettings.Read(TestSettings.Of()).FindUrlFault(url), StringComparison.Ordinal);

    [Theory]
    [InlineData("https://hooks.example/x")]
    [InlineData("https://8.8.8.8/x")]
    [InlineData("http://10.0.0.1/x")]
    [InlineData("http://ops.internal:8080/x")]
    public void A_public_one_may_be_told_and_what_the_operator_names(string url) => Assert.Null(
        NotifySettings.Read(TestSettings.Of(("Speed__Notify__AllowedHosts", "10.0.0.1, ops.internal:8080"))).FindUrlFault(url));

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("8.8.8.8", "127.0.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("fd00::1")]
    public async Task A_name_is_refused_before_anything_is_connected_to_if_one_of_its_addresses_is_not_public(
        params string[] addresses)
    {
        var client = ClientOf(addresses);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://hooks.example:{Port}/x");

        var refused = await Assert.ThrowsAsync<AddressRefusedException>(
            () => client.SendAsync(request, mayBePrivate: false, Now));

        Assert.Contains($"`hooks.example:{Port}`", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(addresses[^1], refused.Message, StringComparison.Ordinal);
        Assert.False(_listener.Pending());
    }

    [Fact]
    public async Task A_name_that_the_operator_names_is_connected_to_at_the_address_that_was_judged_and_no_redirect_followed()
    {
        await using var receiver = await Receiver.StartAsync();
        receiver.Script = _ => 307;
        receiver.Headers["Location"] = $"http://127.0.0.1:{Port}/";
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://hooks.example:{new Uri(receiver.Url).Port}/x");

        var answer = await ClientOf("127.0.0.1").SendAsync(request, mayBePrivate: true, Now);

        Assert.Equal(307, answer.Status);
        Assert.Equal("/x", (await receiver.NextAsync()).Target);
        Assert.False(_listener.Pending());
    }

    [Fact]
    public async Task A_receiver_on_a_private_address_is_told_nothing_and_the_list_says_why()
    {
        await using var world = await NotifyWorld.StartAsync();
        world.Resolver.Resolve = (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]);
        await world.AddAsync(url: $"https://hooks.example:{Port}/x");
        await world.BeginAsync();

        var refused = Assert.Single(await world.UntilAsync("ops", all => all is [{ State: DeliveryState.Failed }]));

        Assert.Equal($"Host `hooks.example:{Port}` is not allowed: it has an address that is not public.", refused.Error);
        Assert.False(_listener.Pending());
    }

    [Theory]
    [InlineData("Speed__Notify__AllowedHosts", "a b")]
    [InlineData("Speed__Notify__Forges", "git.example")]
    [InlineData("Speed__Notify__Forges", "git.example=svn")]
    [InlineData("Speed__Notify__CommitStatus", "perhaps")]
    [InlineData("Speed__PublicUrl", "speed.example")]
    public void A_setting_that_cannot_be_used_is_named(string name, string value)
    {
        var fault = Assert.Throws<Microsoft.Extensions.Options.OptionsValidationException>(
            () => NotifySettings.Read(TestSettings.Of((name, value))));

        Assert.Contains(name, fault.Message, StringComparison.Ordinal);
    }

    private static GuardedClient ClientOf(params string[] addresses) => new(
        new Resolver { Resolve = (_, _) => Task.FromResult(addresses.Select(IPAddress.Parse).ToArray()) },
        TimeProvider.System);
}
