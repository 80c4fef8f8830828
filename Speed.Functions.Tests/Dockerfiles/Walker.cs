using Speed.Dockerfiles;
using Xunit;

namespace Speed.Tests.Dockerfiles;

/// <summary>Walks through a Dockerfile as a plan does, with images that say what they are told to.</summary>
internal sealed class Walker(string text)
{
    public Dictionary<string, string> BuildArgs { get; init; } = [];

    public Builder Builder { get; init; } = Builder.BuildKit;

    public string? Target { get; init; }

    public bool HereDocuments { get; init; } = true;

    /// <summary>What every image sets.</summary>
    public Dictionary<string, string> Environment { get; init; } = [];

    /// <summary>What every image adds to whoever stands on it.</summary>
    public string[] Triggers { get; init; } = [];

    /// <summary>The images that were asked for, in their order.</summary>
    public List<string> Asked { get; } = [];

    public async Task<IReadOnlyList<Reference>> WalkAsync() => (await WalkAllAsync()).References;

    public async Task<Walk> WalkAllAsync()
    {
        var readings = Readings.Of(text, HereDocuments);
        Assert.Null(readings.Fault);
        readings.Check();
        return await readings.WalkAsync(
            new BuildInputs(BuildArgs, "linux/amd64", Builder, Target),
            (reference, _) =>
            {
                Asked.Add(reference.Value!);
                return Task.FromResult(new BaseImage(Environment, Triggers));
            },
            TestContext.Current.CancellationToken);
    }

    /// <summary>One line for each: its kind, and what it comes to.</summary>
    public async Task<string> TellAsync() => string.Join(
        ", ", (await WalkAsync()).Select(reference => $"{reference.Kind} {reference.Value}"));
}
