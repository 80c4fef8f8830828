namespace Speed.Deployments;

/// <summary>A kind of place where repositories live.</summary>
public enum Forge
{
    Github,
    Gitlab,
    /// <summary>Forgejo too.</summary>
    Gitea,
    Bitbucket,
}
