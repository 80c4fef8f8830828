namespace Speed.Data;

/// <summary>
/// The store cannot be opened, and nothing was changed. The message is one for the operator: it names the file
/// or setting, and the way out.
/// </summary>
public sealed class StoreStartException(string message, Exception? inner = null) : Exception(message, inner);
