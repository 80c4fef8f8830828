namespace Speed.Hooks;

/// <summary>Judges who sent a delivery, of whose bytes none has to be kept for it.</summary>
public sealed class SenderProof : IDisposable
{
    private readonly HookSignature _signature;
    private readonly Hook? _hook;

    internal SenderProof(HookSignature signature, Hook? hook) => (_signature, _hook) = (signature, hook);

    /// <summary>The next bytes of the body, as they came.</summary>
    public void Append(ReadOnlySpan<byte> bytes) => _signature.Append(bytes);

    /// <summary>
    /// The hook, if there is one and the delivery's signature is made with its secret; else null. To be asked once, after the
    /// last byte.
    /// </summary>
    public Hook? FindHook() => _signature.Fits() ? _hook : null;

    public void Dispose() => _signature.Dispose();
}
