using Microsoft.Extensions.Time.Testing;

namespace Speed.Tests.Data;

/// <summary>Time whose wall clock can be set, as an operator or NTP sets it, while its timestamps run steadily.</summary>
public sealed class JumpingTime(DateTimeOffset start) : FakeTimeProvider(start)
{
    private TimeSpan _jump;

    public void Jump(TimeSpan by) => _jump += by;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _jump;

    public override long GetTimestamp() => base.GetUtcNow().Ticks;
}
