namespace Microsoft.Azure.Functions.Worker;

/// <summary>Stands in for the worker's attribute: marks a method as a function.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FunctionAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

/// <summary>Stands in for the worker's attribute: says by which requests a function is called.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class HttpTriggerAttribute(AuthorizationLevel authLevel, params string[] methods) : Attribute
{
    public AuthorizationLevel AuthLevel { get; } = authLevel;

    /// <summary>None: any method.</summary>
    public string[]? Methods { get; } = methods;

    /// <summary>Null: the function's name.</summary>
    public string? Route { get; set; }
}

/// <summary>Stands in for the worker's enumeration. The self-hosted runtime makes nothing of it.</summary>
public enum AuthorizationLevel
{
    Anonymous = 0,
    User = 1,
    Function = 2,
    System = 3,
    Admin = 4,
}
