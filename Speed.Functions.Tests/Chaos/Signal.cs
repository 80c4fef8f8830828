using System.Diagnostics;

namespace Speed.Tests.Chaos;

/// <summary>Sends a process what an operator, or the system, would.</summary>
internal static class Signal
{
    /// <param name="name">Without its SIG.</param>
    public static async Task SendAsync(int processId, string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{processId}"]);
        await kill.WaitForExitAsync(CancellationToken.None);
    }
}
