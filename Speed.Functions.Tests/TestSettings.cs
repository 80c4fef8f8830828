using Microsoft.Extensions.Configuration;

namespace Speed.Tests;

internal static class TestSettings
{
    /// <summary>As if the environment had them.</summary>
    public static IConfiguration Of(params (string Name, string Value)[] settings) =>
        new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting =>
                KeyValuePair.Create(setting.Name.Replace("__", ":", StringComparison.Ordinal), (string?)setting.Value)))
            .Build();
}
