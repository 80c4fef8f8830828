using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Speed.Deployments;

namespace Speed.Sources;

public static class GitSourceServices
{
    /// <summary>
    /// Adds Git as the source, set by <c>Speed:Git</c>. Throws <see cref="InvalidOperationException"/> or
    /// <see cref="Microsoft.Extensions.Options.OptionsValidationException"/> with a sentence for the operator where a
    /// setting is wrong.
    /// </summary>
    public static IServiceCollection AddGitSource(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(Read(configuration));
        services.AddSingleton<GitSource>();
        services.AddSingleton<ISource>(provider => provider.GetRequiredService<GitSource>());
        services.AddSingleton<ICheckup, GitCheckup>();
        return services.AddHostedService<GitStart>();
    }

    private static GitOptions Read(IConfiguration configuration)
    {
        var git = configuration.GetSection("Speed:Git");
        var options = new GitOptions
        {
            Proxy = Given(git["Proxy"]),
            CaFile = Given(git["CaFile"]),
            AllowedHosts = ReadHosts(Given(git["AllowedHosts"]) ?? ""),
            OnlyAllowedHosts = ReadFlag(Given(git["OnlyAllowedHosts"])),
            MemoryMb = new SettingsReader(git).Number("MemoryMb", 2_048, 128, 1 << 20),
        };
        if (Given(git["AllowedSchemes"]) is { } schemes)
        {
            options.AllowedSchemes = ReadSchemes(schemes);
        }

        CheckReadable(options.CaFile);
        var data = Given(configuration["Speed:DataDirectory"]) ?? DataFolder.Default();
        options.WorkFolder = Path.GetFullPath(Path.Combine(data, "git"));
        options.KnownHostsFile = Path.GetFullPath(Given(git["KnownHostsFile"]) ?? Path.Combine(data, "known_hosts"));
        return options;
    }

    // Git would say of either that the servers' certificates are not trusted.
    private static void CheckReadable(string? caFile)
    {
        try
        {
            using var _ = caFile is null ? null : File.OpenRead(caFile);
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidOperationException($"Speed__Git__CaFile names `{caFile}`, which does not exist.", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new InvalidOperationException(
                $"Speed__Git__CaFile names `{caFile}`, which cannot be read: {fault.Message}", fault);
        }
    }

    private static string[] ReadHosts(string list)
    {
        var hosts = Split(list);
        var wrong = hosts.FirstOrDefault(host => HostList.Parse(host) is null);
        return wrong is null
            ? hosts
            : throw new InvalidOperationException(
                $"Speed__Git__AllowedHosts has `{wrong}`; it takes host or host:port.");
    }

    private static bool ReadFlag(string? flag) => flag is null || bool.TryParse(flag, out _)
        ? bool.Parse(flag ?? "false")
        : throw new InvalidOperationException($"Speed__Git__OnlyAllowedHosts must be true or false, not `{flag}`.");

    private static string[] ReadSchemes(string list)
    {
        var schemes = Split(list);
        var unknown = schemes.FirstOrDefault(scheme => !RepositoryUrl.KnownSchemes.Contains(scheme));
        return unknown is null
            ? schemes
            : throw new InvalidOperationException(
                $"Speed__Git__AllowedSchemes has `{unknown}`; "
                + $"it takes {string.Join(", ", RepositoryUrl.KnownSchemes)}.");
    }

    private static string[] Split(string list) =>
        list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static string? Given(string? value) => string.IsNullOrWhiteSpace(value) ? null : value;
}
