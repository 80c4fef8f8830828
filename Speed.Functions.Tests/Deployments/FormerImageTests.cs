using System.Reflection;
using Speed.Deployments;
using Speed.Tests.Data;
using Speed.Tests.Runners;
using Xunit;

namespace Speed.Tests.Deployments;

/// <summary>Drives real SQLite: an image that was built under the key of before counts.</summary>
public sealed class FormerImageTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly SqliteStores _stores;

    public FormerImageTests()
    {
        _stores = new SqliteStores(new Speed.Data.StoreOptions { DataDirectory = _folder.FullPath }, new Bell(), TimeProvider.System);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("former", "sha256:before")]
    [InlineData("other", "sha256:built")]
    [InlineData(null, "sha256:built")]
    public async Task It_is_used_again_where_the_plan_names_its_key(string? former, string expected)
    {
        var store = _stores.Deployments;
        await store.AddAsync(new NewDeployment(SomeDeployment.Of(1).Options, null, 500), Token);
        await store.RecordBuildAsync(KeyOf("former"), 1, Token);
        await store.RecordBuiltAsync(KeyOf("former"), "sha256:before", Token);
        var images = new Images(store, BuildingRunner.Create(), TimeProvider.System);
        var plan = new BuildPlan(SomeDeployment.Of(1), KeyOf("new"), "Dockerfile", "FROM a", new Dictionary<string, string>())
        {
            FormerKey = former is null ? null : KeyOf(former),
        };
        await using var log = await DeploymentLog.OpenAsync(1, new RecordedLog(), TimeProvider.System, Token);
        var recorded = new List<string>();

        var used = await images.UseAsync(plan, new MemoryTree("FROM a"), log, RecordAsync, Token);

        Assert.Equal(expected, used);
        Assert.Equal([expected], recorded);

        Task RecordAsync(string image)
        {
            recorded.Add(image);
            return Task.CompletedTask;
        }
    }

    public void Dispose()
    {
        _stores.Dispose();
        _folder.Dispose();
    }

    private static string KeyOf(string name) => Convert.ToHexStringLower(
        System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name)));

    /// <summary>A runner that has every image, and builds one.</summary>
    public class BuildingRunner : DispatchProxy
    {
        public static IRunner Create() => Create<IRunner, BuildingRunner>();

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod?.Name switch
        {
            nameof(IRunner.HasImageAsync) => Task.FromResult(true),
            nameof(IRunner.BuildAsync) => Task.FromResult("sha256:built"),
            _ => throw new NotSupportedException(targetMethod?.Name),
        };
    }
}
