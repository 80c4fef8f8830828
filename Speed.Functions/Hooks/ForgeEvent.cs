namespace Speed.Hooks;

/// <summary>What a forge told, in words that are the same for all of them.</summary>
public abstract record ForgeEvent
{
    /// <summary>A branch or tag was moved, made or deleted.</summary>
    /// <param name="Addresses">Of the repository; whatever the forge said they are.</param>
    /// <param name="Ref">With <c>refs/heads/</c> or <c>refs/tags/</c> before its name.</param>
    public sealed record Pushed(IReadOnlyList<string> Addresses, string Ref) : ForgeEvent
    {
        /// <summary>The commit before; null or zeros if there was none.</summary>
        public string? Before { get; init; }

        /// <summary>The commit from now on; null or zeros if it was deleted.</summary>
        public string? After { get; init; }

        /// <summary>Of that commit; null where the forge does not say.</summary>
        public string? Message { get; init; }

        /// <summary>The files that are known to have changed.</summary>
        public IReadOnlyList<string> Files { get; init; } = [];

        /// <summary>True if no other file has.</summary>
        public bool AreFilesWhole { get; init; }
    }

    public sealed record BranchDeleted(IReadOnlyList<string> Addresses, string Branch) : ForgeEvent;

    /// <summary>A pull or merge request was merged, or closed without.</summary>
    /// <param name="Addresses">Of the repository whose branch was to be merged.</param>
    /// <param name="Branch">That branch, which may go on.</param>
    /// <param name="How">For sentences: "pull request closed".</param>
    public sealed record RequestClosed(IReadOnlyList<string> Addresses, string Branch, string How) : ForgeEvent;

    /// <summary>Anything else.</summary>
    /// <param name="Reason">Why nothing follows from it.</param>
    public sealed record Other(string Reason) : ForgeEvent
    {
        public static Other NotAPush(string name) => new(
            name.Length == 0 ? "the delivery does not say which event it is of" : $"event {name} is not a push");
    }
}
