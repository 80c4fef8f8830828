using Speed.Dockerfiles;
using Xunit;

namespace Speed.Tests.Dockerfiles;

/// <summary>Drives nothing but a rule: which ports a Dockerfile exposes itself, in which order.</summary>
public sealed class ExposedPortsTests
{
    [Theory]
    [InlineData("FROM a\nEXPOSE 9000 80\nEXPOSE 8080", "9000 80 8080")]
    [InlineData("FROM a\nEXPOSE 8080/tcp 53/udp 443/TCP", "8080 443")]
    [InlineData("FROM a\nEXPOSE 9002-9004 80 9003", "9002 9003 9004 80")]
    [InlineData("FROM a\nEXPOSE 9001-9002/udp 9005-9004 0 70000 x", "")]
    [InlineData("FROM a\nEXPOSE 1234:80", "80")]
    [InlineData("FROM a\nENV PORT=5000\nEXPOSE $PORT ${OTHER:-6000}", "5000 6000")]
    [InlineData("FROM a\nARG PORT=5000\nEXPOSE ${PORT}/tcp", "7000")]
    [InlineData("FROM a\nEXPOSE ${LATE#x} 80", "80")]
    [InlineData("FROM a AS base\nEXPOSE 80\nFROM b AS tool\nEXPOSE 1\nFROM base\nEXPOSE 8080", "8080 80")]
    [InlineData("FROM a\nONBUILD EXPOSE 80\nEXPOSE 8080", "8080")]
    [InlineData("FROM a\nRUN x", "")]
    public async Task They_stand_as_they_are_written_the_last_stage_first(string text, string expected)
    {
        foreach (var builder in Enum.GetValues<Builder>())
        {
            var walk = await new Walker(text) { Builder = builder, BuildArgs = { ["PORT"] = "7000" } }.WalkAllAsync();

            Assert.Equal(expected, string.Join(' ', walk.Exposed));
        }
    }
}
