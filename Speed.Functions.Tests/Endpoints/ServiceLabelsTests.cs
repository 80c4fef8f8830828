using Microsoft.Extensions.Time.Testing;
using Prometheus;
using Speed.Endpoints;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives nothing but a rule: how many services have numbers of their own.</summary>
public sealed class ServiceLabelsTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();

    [Fact]
    public void Two_hundred_have_and_one_that_is_quiet_for_an_hour_makes_room()
    {
        var counter = Metrics.WithCustomRegistry(_registry).CreateCounter("requests", "", ["service", "status"]);
        var labels = new ServiceLabels(_time, counter);
        for (var service = 0; service < ServiceLabels.Most; service++)
        {
            counter.WithLabels(labels.Of($"{service}"), "2xx").Inc();
            counter.WithLabels(labels.Of($"{service}"), "5xx").Inc();
        }

        Assert.Equal(ServiceLabels.Other, labels.Of("late"));
        Assert.Equal("0", labels.Of("0"));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal("0", labels.Of("0"));
        Assert.Equal("late", labels.Of("late"));

        Assert.Equal((ServiceLabels.Most - 1) * 2, counter.GetAllLabelValues().Count());
        Assert.Contains(counter.GetAllLabelValues(), values => values[0] == "0");
    }
}
