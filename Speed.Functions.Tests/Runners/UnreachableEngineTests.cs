using System.Net.Sockets;
using Speed.Deployments;
using Speed.Runners;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives real files: what is said of an engine that cannot be reached, by what its socket shows.</summary>
public sealed class UnreachableEngineTests
{
    [Fact]
    public async Task A_socket_that_may_not_be_opened_is_told_with_its_group_and_how_to_find_it()
    {
        using var folder = new TempFolder();
        var socket = folder.File("docker.sock");
        await File.WriteAllTextAsync(socket, "", TestContext.Current.CancellationToken);
        var denied = new HttpRequestException("Denied", new SocketException((int)SocketError.AccessDenied));

        var fault = EngineFault.Of($"unix://{socket}", denied);

        Assert.Contains($"{socket}: group {OwnRights.GroupOf(socket)} may", fault.What, StringComparison.Ordinal);
        Assert.Contains("stat -Lc %g /var/run/docker.sock", fault.WayOut, StringComparison.Ordinal);
        Assert.Contains("group", fault.WayOut, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unix:///nonexistent/docker.sock")]
    [InlineData("tcp://127.0.0.1:1")]
    public async Task One_that_is_not_there_is_told_with_its_address_and_a_way_out_that_an_operator_has(string endpoint)
    {
        using var docker = new DockerConnection(endpoint);

        var fault = await docker.FindFaultAsync(TestContext.Current.CancellationToken);
        var failure = docker.Unavailable(new SocketException((int)SocketError.ConnectionRefused));

        Assert.StartsWith($"Docker does not answer at {endpoint}", fault!.What, StringComparison.Ordinal);
        Assert.Contains("Speed__Docker__Endpoint", fault.WayOut, StringComparison.Ordinal);
        Assert.Equal(FailureCode.DockerUnavailable, failure.Code);
        Assert.DoesNotContain("eng/", $"{fault} {failure.Hint}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_group_of_a_file_is_that_of_what_a_link_leads_to()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder.File("socket"), "", TestContext.Current.CancellationToken);
        File.CreateSymbolicLink(folder.File("link"), folder.File("socket"));

        Assert.Equal(OwnRights.GroupOf(folder.File("socket")), OwnRights.GroupOf(folder.File("link")));
        Assert.Throws<IOException>(() => OwnRights.GroupOf(folder.File("none")));
    }
}
