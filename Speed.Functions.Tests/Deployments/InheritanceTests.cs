using Speed.Deployments;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Deployments;

/// <summary>Drives nothing but a rule: what is taken over, and what is left behind.</summary>
public sealed class InheritanceTests
{
    private static readonly Resources Most = new() { MemoryMb = 8_192, Cpus = 8, Pids = 4_096 };

    /// <summary>One that has something of each.</summary>
    internal static DeploymentOptions Everything { get; } = SomeOptions.Of() with
    {
        Volumes = [new VolumeOption("data", "/data")],
        Hosts = ["app.example.org"],
        Env = new SortedDictionary<string, string> { ["A"] = "value of A", ["B"] = "" },
        Secrets = ["TOKEN"],
        Ports = [new PortOption(8080, null), new PortOption(9090, 80)],
        Health = new HealthOption { Path = "/health", Port = 8080 },
        Restart = RestartRule.OnFailure,
        OnUnhealthy = UnhealthyRule.Restart,
        Labels = new SortedDictionary<string, string> { ["team"] = "value of team" },
        Resources = new Resources { MemoryMb = 2_048, Cpus = 1.5, Pids = 100 },
        ShmMb = 256,
        CapAdd = ["SYS_CHROOT"],
        StopGraceSeconds = 60,
        Inherit = true,
        Given = Inheritance.Members,
    };

    private static DeploymentOptions Nothing { get; } = SomeOptions.Of() with { Inherit = true };

    [Fact]
    public void Of_all_ways_to_leave_some_out_just_those_are_taken_over_and_the_others_stay_as_they_were_given()
    {
        for (var ways = 0; ways < 1 << Inheritance.Members.Count; ways++)
        {
            var given = Inheritance.Members.Where((_, place) => (ways & (1 << place)) != 0).ToList();
            var left = Inheritance.Members.Except(given).ToList();

            var taken = Inheritance.Decide(Nothing with { Given = given }, UpWith(Everything), Most);
            var has = taken?.ApplyTo(Nothing with { Given = given }) ?? Nothing with { Given = given };

            Assert.Equal(left, (taken?.Members ?? []).Order(StringComparer.Ordinal));
            foreach (var member in Inheritance.Members)
            {
                Assert.Equal(ValueOf(left.Contains(member) ? Everything : Nothing, member), ValueOf(has, member));
            }

            Assert.Equal(left.Count == 0 ? given : Inheritance.Members, has.Given);
        }
    }

    [Theory]
    [InlineData(null, false, null)]
    [InlineData(RestartRule.No, false, null)]
    [InlineData(RestartRule.No, true, RestartRule.No)]
    [InlineData(RestartRule.OnFailure, false, RestartRule.OnFailure)]
    [InlineData(RestartRule.Always, true, RestartRule.Always)]
    public void A_restart_is_taken_over_where_somebody_gave_it_and_no_default_of_before(
        RestartRule? had, bool isGiven, RestartRule? expected)
    {
        var older = SomeOptions.Of() with { Restart = had, Inherit = true, Given = isGiven ? ["restart"] : [] };

        var taken = Inheritance.Decide(Nothing, UpWith(older), Most);

        Assert.Equal(expected, taken?.Restart);
    }

    [Fact]
    public void It_is_told_by_name_and_never_with_the_values_of_variables_and_labels()
    {
        var told = Inheritance.Decide(Nothing, UpWith(Everything), Most)!.Tell();

        Assert.Equal(
            "Taken over from deployment 7, the last of this service that was up: volumes (data at /data), hosts (app.example.org), "
            + "env (A, B), secrets (TOKEN), ports (8080, 80:9090), health, restart (on-failure), on_unhealthy (restart), labels (team), "
            + "resources (2048 MB, 1.5 cpus, 100 pids), shm_mb (256), cap_add (SYS_CHROOT), stop_grace_s (60). `inherit: false` asks for a fresh one; what is given, as [] or {} too, is "
            + "not taken over.",
            told);
    }

    [Theory]
    [InlineData(false, DeploymentKind.Auto)]
    [InlineData(null, DeploymentKind.Auto)]
    [InlineData(true, DeploymentKind.Job)]
    public void Nothing_is_taken_over_where_that_is_said_by_a_job_and_by_what_was_asked_for_before(bool? inherit, DeploymentKind kind) =>
        Assert.Null(Inheritance.Decide(Nothing with { Inherit = inherit, Kind = kind }, UpWith(Everything), Most));

    [Theory]
    [InlineData(DeploymentStatus.Running, null, true)]
    [InlineData(DeploymentStatus.Succeeded, null, true)]
    [InlineData(DeploymentStatus.Failed, FailureCode.ExitNonzero, true)]
    [InlineData(DeploymentStatus.Failed, FailureCode.ContainerLost, true)]
    [InlineData(DeploymentStatus.Failed, FailureCode.TtlExpired, false)]
    [InlineData(DeploymentStatus.Canceled, FailureCode.Canceled, false)]
    [InlineData(DeploymentStatus.Canceled, FailureCode.DeclaredByLeader, false)]
    public void What_was_ended_on_purpose_is_given_up_and_a_crash_is_not(DeploymentStatus status, FailureCode? code, bool isTaken)
    {
        var failure = code is { } why ? new Failure(why, DeploymentPhase.Run, 1, "It ended.", null, null) : null;

        Assert.Equal(
            isTaken, Inheritance.Decide(Nothing, UpWith(Everything) with { Status = status, Failure = failure }, Most) is not null);
    }

    [Fact]
    public void One_that_is_being_canceled_or_has_been_replaced_gives_nothing()
    {
        var cancel = new Cancellation("api", null, DateTimeOffset.UnixEpoch, null);

        Assert.Null(Inheritance.Decide(Nothing, UpWith(Everything) with { Cancel = cancel }, Most));
        Assert.Null(Inheritance.Decide(Nothing, UpWith(Everything) with { SupersededBy = 9 }, Most));
        Assert.NotNull(Inheritance.Decide(Nothing, UpWith(Everything) with { YieldsTo = 9, UpAt = null }, Most));
    }

    [Fact]
    public void More_than_the_operator_allows_now_becomes_as_much_as_is_allowed()
    {
        var most = new Resources { MemoryMb = 1_536, Cpus = 1.5, Pids = 4_096 };

        var taken = Inheritance.Decide(Nothing, UpWith(Everything), most)!;

        Assert.Equal(new Resources { MemoryMb = 1_536, Cpus = 1.5, Pids = 100 }, taken.Resources);
        Assert.Contains("were 2048 MB", taken.Tell(), StringComparison.Ordinal);
    }

    [Fact]
    public void Resources_that_nobody_asked_for_are_the_operators_to_change()
    {
        var had = Everything with { Given = ["env"] };

        Assert.Null(Inheritance.Decide(Nothing, UpWith(had), Most)!.Resources);
        Assert.NotNull(Inheritance.Decide(Nothing, UpWith(had with { Inherit = null, Given = [] }), Most)!.Resources);
    }

    [Fact]
    public void What_create_would_refuse_of_one_request_is_not_put_together_of_two()
    {
        var otherPort = Nothing with { Ports = [new PortOption(3000, null)], Given = ["ports"] };
        var otherHealth = Nothing with { Health = new HealthOption { Path = "/", Port = 3000 }, Given = ["health"] };
        var noNetwork = Nothing with { Network = ContainerNetwork.None };

        Assert.Null(Inheritance.Decide(otherPort, UpWith(Everything), Most)!.Health);
        Assert.Contains("8080", Inheritance.Decide(otherPort, UpWith(Everything), Most)!.Tell(), StringComparison.Ordinal);
        Assert.Null(Inheritance.Decide(otherHealth, UpWith(Everything), Most)!.Ports);
        Assert.Contains("3000", Inheritance.Decide(otherHealth, UpWith(Everything), Most)!.Tell(), StringComparison.Ordinal);
        Assert.Null(Inheritance.Decide(noNetwork, UpWith(Everything), Most)!.Ports);
        Assert.Contains("network", Inheritance.Decide(noNetwork, UpWith(Everything), Most)!.Tell(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_variable_that_is_asked_for_now_wins_over_a_secret_of_that_name_and_the_other_way_round()
    {
        var variable = Nothing with { Env = new SortedDictionary<string, string> { ["TOKEN"] = "x" }, Given = ["env"] };
        var secret = Nothing with { Secrets = ["A"], Given = ["secrets"] };

        Assert.Null(Inheritance.Decide(variable, UpWith(Everything), Most)!.Secrets);
        Assert.Contains("TOKEN", Inheritance.Decide(variable, UpWith(Everything), Most)!.Tell(), StringComparison.Ordinal);
        Assert.Equal(["B"], Inheritance.Decide(secret, UpWith(Everything), Most)!.Env!.Keys);
    }

    [Theory]
    [InlineData(DeploymentKind.Service, DeploymentKind.Auto, DeploymentKind.Service)]
    [InlineData(DeploymentKind.Auto, DeploymentKind.Auto, DeploymentKind.Auto)]
    [InlineData(DeploymentKind.Auto, DeploymentKind.Service, DeploymentKind.Service)]
    public void What_is_to_take_the_place_of_a_service_is_one(DeploymentKind older, DeploymentKind asked, DeploymentKind has)
    {
        var wish = Nothing with { Kind = asked };

        Assert.Equal(has, Inheritance.Decide(wish, UpWith(Everything with { Kind = older }), Most)!.ApplyTo(wish).Kind);
    }

    [Fact]
    public void One_that_came_up_after_the_decision_is_told_of_unless_it_had_nothing_else()
    {
        var wish = Nothing with { Given = ["labels"] };
        var (early, late) = (UpWith(Everything), UpWith(Everything with { Hosts = ["late.example.org"] }) with { Id = 8 });
        var taken = Inheritance.Decide(wish, early, Most)!;
        var newer = UpWith(taken.ApplyTo(wish)) with { Id = 9, Asked = wish, TakenOver = taken };
        var fresh = UpWith(wish) with { Id = 9 };

        Assert.Contains("Deployment 8", Replacement.ToldOfLate(late with { SupersededBy = 9 }, newer), StringComparison.Ordinal);
        Assert.Contains("volumes", Replacement.ToldOfLate(late with { SupersededBy = 9 }, fresh), StringComparison.Ordinal);
        Assert.Null(Replacement.ToldOfLate(early with { SupersededBy = 9 }, newer));
        Assert.Null(Replacement.ToldOfLate(early with { Id = 8, SupersededBy = 9 }, newer));
        Assert.Null(Replacement.ToldOfLate(UpWith(Nothing) with { Id = 8, SupersededBy = 9 }, fresh));
    }

    private static Deployment UpWith(DeploymentOptions options) => new()
    {
        Id = 7,
        WorkerId = Guid.Empty,
        Options = options,
        Status = DeploymentStatus.Running,
        Version = 9,
        Attempt = 1,
        Epoch = 1,
        RunBy = RunBy.Speed,
        Kind = DeploymentKind.Service,
        FirstUpAt = DateTimeOffset.UnixEpoch,
        CreatedAt = DateTimeOffset.UnixEpoch,
    };

    private static object? ValueOf(DeploymentOptions options, string member) => member switch
    {
        "env" => options.Env,
        "health" => options.Health,
        "hosts" => options.Hosts,
        "labels" => options.Labels,
        "ports" => options.Ports,
        "resources" => options.Resources,
        "restart" => options.Restart,
        "on_unhealthy" => options.OnUnhealthy,
        "shm_mb" => options.ShmMb,
        "cap_add" => options.CapAdd,
        "stop_grace_s" => options.StopGraceSeconds,
        "secrets" => options.Secrets,
        "volumes" => options.Volumes,
        _ => throw new ArgumentOutOfRangeException(nameof(member), member, null),
    };
}
