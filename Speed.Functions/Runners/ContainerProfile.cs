using System.Globalization;
using Docker.DotNet.Models;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>
/// How a container is held: what is asked of the engine. <see cref="ProfileCheck"/> sees that it was given.
/// </summary>
/// <param name="NetworkId">Null: no network.</param>
/// <param name="ReportSource">The host's folder with the socket to report through; null for none.</param>
/// <param name="Volumes">Every one that the deployment asks for: whatever else a container has to do without, these stay.</param>
/// <param name="EngineLogBytes">What the engine buffers of the output for a restart of SPEED.</param>
internal sealed record ContainerProfile(
    Sandbox Sandbox, string? NetworkId, string? ReportSource, IReadOnlyList<VolumeMount> Volumes, long EngineLogBytes)
{
    private const long Mebibyte = 1024 * 1024;
    private const string Nobody = "65534:65534";
    private const string TmpfsOptions = "rw,nosuid,nodev,mode=1777,size=67108864";

    private static readonly string[] StandardCapabilities =
        ["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"];

    private static readonly string[] InitPrograms =
        ["init", "tini", "tini-static", "dumb-init", "systemd", "s6-svscan", "s6-overlay", "catatonit", "my_init", "runit"];

    /// <summary>Capabilities that a deployment may have beside those of the sandbox.</summary>
    public IReadOnlyList<string> AllowedCapabilities { get; init; } = [];

    public CreateContainerParameters For(
        Deployment deployment, DeploymentSecrets secrets, ImageInspectResponse image, Ownership own) => new()
        {
            Name = own.ContainerName(deployment.Id, deployment.Attempt),
            // By id: a tag may have moved.
            Image = image.ID,
            Labels = own.ContainerLabels(deployment),
            Env = EnvironmentOf(deployment, secrets, image),
            Cmd = deployment.Options.Command.Count > 0 ? [.. deployment.Options.Command] : null!,
            User = Sandbox == Sandbox.Strict ? Nobody : "",
            StopTimeout = TimeSpan.FromSeconds(deployment.StopGraceSeconds),
            AttachStdout = true,
            AttachStderr = true,
            ExposedPorts = deployment.Endpoints.ToDictionary(PortOf, _ => new EmptyStruct()),
            Healthcheck = HealthcheckOf(deployment.Options.Health, deployment.Options.Timeouts.StartSeconds),
            HostConfig = HostConfigFor(deployment, image),
        };

    private HostConfig HostConfigFor(Deployment deployment, ImageInspectResponse image)
    {
        var options = deployment.Options;
        return new HostConfig
        {
            CapDrop = ["ALL"],
            CapAdd =
            [
                .. Sandbox == Sandbox.Strict ? [] : StandardCapabilities,
                .. options.CapAdd.Where(AllowedCapabilities.Contains),
            ],
            ShmSize = options.ShmMb is { } shm ? shm * Mebibyte : 0,
            SecurityOpt = ["no-new-privileges"],
            IpcMode = "private",
            Init = options.Init ?? !HasInit(image, options.Command),
            Memory = options.Resources.MemoryMb * Mebibyte,
            MemorySwap = options.Resources.MemoryMb * Mebibyte,
            NanoCPUs = (long)(options.Resources.Cpus * 1_000_000_000),
            PidsLimit = options.Resources.Pids,
            NetworkMode = NetworkId ?? "none",
            ReadonlyRootfs = Sandbox == Sandbox.Strict,
            Tmpfs = Sandbox == Sandbox.Strict ? TmpfsFor(image) : null,
            Mounts = [.. Mounts()],
            PortBindings = deployment.Endpoints.ToDictionary(
            PortOf, endpoint => (IList<PortBinding>)[PublishedOn(endpoint)]),
            RestartPolicy = new RestartPolicy { Name = RestartPolicyKind.No },
            LogConfig = new LogConfig
            {
                Type = "json-file",
                Config = new Dictionary<string, string>
                {
                    ["max-file"] = "1",
                    ["max-size"] = EngineLogBytes.ToString(CultureInfo.InvariantCulture),
                },
            },
        };
    }

    private IEnumerable<Mount> Mounts() =>
        (ReportSource is null ? [] : (Mount[])[ReportMountFrom(ReportSource)]).Concat(
            Volumes.Select(volume => new Mount
            {
                Type = "volume",
                Source = volume.EngineName,
                Target = volume.Path,
            }));

    private static string PortOf(PublishedPort endpoint) =>
        string.Create(CultureInfo.InvariantCulture, $"{endpoint.Container}/tcp");

    private static PortBinding PublishedOn(PublishedPort endpoint) => new()
    {
        HostIP = endpoint.Address,
        HostPort = endpoint.Host.ToString(CultureInfo.InvariantCulture),
    };

    // What is asked for by HTTP, SPEED asks itself.
    private static HealthcheckConfig? HealthcheckOf(HealthOption? health, int startSeconds) => health is { Command.Count: > 0 }
        ? new HealthcheckConfig
        {
            Test = ["CMD", .. health.Command],
            Interval = TimeSpan.FromSeconds(health.IntervalSeconds),
            Timeout = TimeSpan.FromSeconds(health.TimeoutSeconds),
            StartPeriod = TimeSpan.FromSeconds(health.StartSeconds ?? startSeconds),
            Retries = HealthOption.FailuresInARow,
        }
        : null;

    private static List<string> EnvironmentOf(
        Deployment deployment, DeploymentSecrets secrets, ImageInspectResponse image)
    {
        var env = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (image.Config?.Env?.Any(pair => pair.StartsWith("PYTHONUNBUFFERED=", StringComparison.Ordinal)) != true)
        {
            // Python holds its output back otherwise, and its live log would be empty.
            env["PYTHONUNBUFFERED"] = "1";
        }

        if (deployment.Endpoints is [var only])
        {
            env["PORT"] = only.Container.ToString(CultureInfo.InvariantCulture);
        }

        foreach (var (name, value) in deployment.Options.Env.Concat(secrets.Variables))
        {
            env[name] = value;
        }

        env["SPEED_DEPLOYMENT_ID"] = deployment.Id.ToString(CultureInfo.InvariantCulture);
        env["SPEED_WORKER_ID"] = deployment.WorkerId.ToString();
        return [.. env.Select(pair => $"{pair.Key}={pair.Value}")];
    }

    private static Mount ReportMountFrom(string source) => new()
    {
        Type = "bind",
        Source = source,
        Target = ReportFolder.InContainer,
        ReadOnly = true,
    };

    // An init of ours would take process 1 from one that insists on being it.
    private static bool HasInit(ImageInspectResponse image, IReadOnlyList<string> command)
    {
        var words = (image.Config?.Entrypoint ?? []).Concat(command).Concat(image.Config?.Cmd ?? []);
        var program = words.FirstOrDefault() ?? "";
        return InitPrograms.Contains(program[(program.LastIndexOf('/') + 1)..]);
    }

    // Where a volume is asked for there is no second mount: the engine would refuse both.
    private Dictionary<string, string> TmpfsFor(ImageInspectResponse image)
    {
        var tmpfs = (image.Config?.Volumes?.Keys ?? []).ToDictionary(path => path, _ => TmpfsOptions);
        tmpfs["/tmp"] = $"{TmpfsOptions},noexec";
        return tmpfs.Where(mount => Volumes.All(volume => volume.Path != VolumePath.Normalize(mount.Key)))
            .ToDictionary();
    }
}
