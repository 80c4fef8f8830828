namespace Speed.Security;

/// <summary>What a caller may do.</summary>
public enum Scope
{
    /// <summary>See deployments, their logs and results, events and the queue.</summary>
    Read,

    /// <summary>Start, cancel and retry deployments.</summary>
    Deploy,

    /// <summary>Tell SPEED of a deployment: its status, its results.</summary>
    Report,

    /// <summary>Set and delete secrets.</summary>
    Secrets,

    /// <summary>Everything, and alone what concerns SPEED itself: tokens, clean-up, backups and the like.</summary>
    Admin,
}

/// <summary>The scope that a function's caller needs; without one, any caller that SPEED knows.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NeedsAttribute : Attribute
{
    public NeedsAttribute()
    {
    }

    public NeedsAttribute(Scope scope)
    {
        Scope = scope;
    }

    public Scope? Scope { get; }

    /// <summary>
    /// True where a request may be the word that ends a deployment: then the function itself refuses what is beyond a
    /// program's rate, for that word has to pass.
    /// </summary>
    public bool MayEnd { get; init; }
}

/// <summary>Marks a function that anybody may call, without a token.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OpenToAllAttribute : Attribute;
