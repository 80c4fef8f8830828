using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Deployments;

/// <summary>Drives nothing but a rule: who is stopped first while a disk is nearly full.</summary>
public sealed class DiskConsumerTests
{
    private const long Mebibyte = 1024 * 1024;

    [Theory]
    [InlineData("job 1 500 5, build 2 0 9, service 3 90 90", 2)]
    [InlineData("job 1 500 9, build 2 0 5, service 3 90 90", 1)]
    [InlineData("job 1 500 0, build 2 0 0, service 3 90 5, service 4 90 9", 4)]
    [InlineData("job 1 500 0, build 2 0 0, build 3 0 0, service 4 90 0", 3)]
    [InlineData("job 1 500 0, job 2 700 0, service 3 900 0", 2)]
    [InlineData("service 1 900 0", null)]
    [InlineData("", null)]
    public void Jobs_and_builds_that_grow_go_first_then_services_that_grow_then_the_other_builds_and_jobs(
        string all, int? expected)
    {
        var consumers = all.Split(", ", StringSplitOptions.RemoveEmptyEntries).Select(Parse).ToList();

        Assert.Equal(expected, (int?)DiskConsumer.FindNext(consumers)?.Id);
    }

    [Fact]
    public void What_a_program_writes_now_and_then_is_no_growth_and_the_reason_says_which_it_was()
    {
        var little = new DiskConsumer(1, DiskConsumerKind.Service, 90 * Mebibyte, Mebibyte - 1);
        var much = little with { Growth = 3 * Mebibyte };

        Assert.Null(DiskConsumer.FindNext([little]));
        Assert.Equal(much, DiskConsumer.FindNext([little, much]));
        Assert.Equal("it grew fastest: by 3 MiB", much.Why);
        Assert.Equal("it was at work, and nothing that could be stopped grew", little.Why);
    }

    // Kind, number, and MiB that it has and that it grew by.
    private static DiskConsumer Parse(string text)
    {
        var parts = text.Split(' ');
        return new DiskConsumer(
            long.Parse(parts[1]), Enum.Parse<DiskConsumerKind>(parts[0], ignoreCase: true),
            long.Parse(parts[2]) * Mebibyte, long.Parse(parts[3]) * Mebibyte);
    }
}
