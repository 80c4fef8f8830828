namespace Speed.Tests.Hosts;

/// <summary>A worker that a <see cref="FunctionsHost"/> has started.</summary>
internal interface IWorker : IAsyncDisposable
{
    /// <summary>Its exit code, once it has ended.</summary>
    Task<int> Exit { get; }

    /// <summary>Ends it at once.</summary>
    void Kill();

    /// <summary>What it prints goes nowhere from now on, as when the host is gone.</summary>
    void Leave();
}

/// <summary>Starts a worker.</summary>
/// <param name="arguments">Those by which it finds its host.</param>
/// <param name="appFolder">Where host.json is.</param>
/// <param name="print">Takes the lines that it prints.</param>
internal delegate IWorker StartWorker(string[] arguments, string appFolder, Action<string> print);
