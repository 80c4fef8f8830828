using ProtoBuf;

namespace Speed.Runners;

/// <summary>
/// BuildKit's progress as it comes over the wire: <c>moby.buildkit.v1.StatusResponse</c>, what we read of
/// it.
/// </summary>
[ProtoContract]
internal sealed class BuildKitStatus
{
    [ProtoMember(1)]
    public List<BuildKitVertex> Vertexes { get; } = [];

    [ProtoMember(2)]
    public List<BuildKitTask> Tasks { get; } = [];

    [ProtoMember(3)]
    public List<BuildKitOutput> Outputs { get; } = [];
}

/// <summary>A step.</summary>
[ProtoContract]
internal sealed class BuildKitVertex
{
    [ProtoMember(1)]
    public string Digest { get; set; } = "";

    [ProtoMember(3)]
    public string Name { get; set; } = "";

    [ProtoMember(4)]
    public bool Cached { get; set; }

    [ProtoMember(5)]
    public BuildKitTime? Started { get; set; }

    [ProtoMember(6)]
    public BuildKitTime? Completed { get; set; }

    [ProtoMember(7)]
    public string Error { get; set; } = "";
}

/// <summary>A part of a step, for example one layer of a transfer.</summary>
[ProtoContract]
internal sealed class BuildKitTask
{
    [ProtoMember(1)]
    public string Id { get; set; } = "";

    [ProtoMember(2)]
    public string Vertex { get; set; } = "";

    [ProtoMember(8)]
    public BuildKitTime? Completed { get; set; }
}

/// <summary>Output of a step.</summary>
[ProtoContract]
internal sealed class BuildKitOutput
{
    [ProtoMember(1)]
    public string Vertex { get; set; } = "";

    /// <summary>1 for stdout, 2 for stderr.</summary>
    [ProtoMember(3)]
    public long Stream { get; set; }

    [ProtoMember(4)]
    public byte[] Bytes { get; set; } = [];
}

[ProtoContract]
internal sealed class BuildKitTime
{
    [ProtoMember(1)]
    public long Seconds { get; set; }

    [ProtoMember(2)]
    public int Nanoseconds { get; set; }

    public TimeSpan Since(BuildKitTime earlier) => TimeSpan.FromSeconds(Seconds - earlier.Seconds)
        + TimeSpan.FromMicroseconds((Nanoseconds - earlier.Nanoseconds) / 1_000.0);
}
