using Speed.Deployments;
using static Speed.Deployments.DeploymentStatus;

namespace Speed.Tests.Data;

/// <summary>
/// What a store of deployments does, in the plainest words: the real one is compared with it step by step.
/// Nothing here is shared with the store's own code but the lifecycle's arrows.
/// </summary>
internal sealed class StoreModel
{
    public Dictionary<long, Entry> Entries { get; } = [];

    public void Add(long id) => Entries.Add(id, new Entry());

    public long? ClaimNext()
    {
        var waiting = Entries.Where(entry => entry.Value.Status == Pending).Select(entry => entry.Key).Order().ToList();
        if (waiting.Count == 0)
        {
            return null;
        }

        var entry = Entries[waiting[0]];
        (entry.Status, entry.Phase, entry.Attempt) = (Running, DeploymentPhase.Clone, 1);
        entry.Epoch++;
        return waiting[0];
    }

    public bool EnterPhase(Claim claim, DeploymentPhase phase)
    {
        if (!Holds(claim, out var entry) || entry.Phase is null)
        {
            return false;
        }

        entry.Phase = phase;
        return true;
    }

    public bool AskStart(Claim claim)
    {
        if (!Holds(claim, out var entry) || entry.Phase is null || entry.StartAsked || entry.CancelRequested)
        {
            return false;
        }

        return entry.StartAsked = true;
    }

    public bool Settle(Claim claim, DeploymentStatus end)
    {
        if (!Holds(claim, out var entry) || !entry.Status.CanBecome(end) || (entry.CancelRequested && end != Canceled))
        {
            return false;
        }

        entry.End(end, closesLog: true);
        entry.Results++;
        return true;
    }

    public bool Close(long id)
    {
        if (!Entries.TryGetValue(id, out var entry) || !entry.Status.IsFinal || entry.LogClosed)
        {
            return false;
        }

        entry.Results++;
        return entry.LogClosed = true;
    }

    public bool TakeOver(Claim claim, bool repeat)
    {
        if (!Holds(claim, out var entry) || entry.LogClosed || entry.Status == Pending || entry.Led
            || (repeat && (entry.StartAsked || entry.Status != Running)))
        {
            return false;
        }

        entry.Epoch++;
        if (repeat)
        {
            entry.Phase = DeploymentPhase.Clone;
            entry.Attempt++;
        }

        return true;
    }

    public CancelOutcome Cancel(long id)
    {
        if (!Entries.TryGetValue(id, out var entry))
        {
            return CancelOutcome.NotFound;
        }

        if (entry.Status.IsFinal)
        {
            return entry.Status == Canceled ? CancelOutcome.Canceled : CancelOutcome.AlreadyFinished;
        }

        entry.CancelRequested = true;
        if (entry.Phase is not null)
        {
            return CancelOutcome.Requested;
        }

        entry.End(Canceled, closesLog: true);
        return CancelOutcome.Canceled;
    }

    public DeclareOutcome Declare(long id, DeploymentStatus word)
    {
        if (!Entries.TryGetValue(id, out var entry))
        {
            return DeclareOutcome.NotFound;
        }

        var beingCanceled = entry.CancelRequested && !entry.Status.IsFinal;
        if (beingCanceled ? word == Canceled : entry.Status == word)
        {
            return DeclareOutcome.Unchanged;
        }

        if (entry.Status.IsFinal || entry.CancelRequested || word == Pending)
        {
            return entry.Status.IsFinal ? DeclareOutcome.AlreadyFinished
                : entry.CancelRequested ? DeclareOutcome.BeingCanceled
                : DeclareOutcome.Illegal;
        }

        if (word == Canceled)
        {
            Cancel(id);
        }
        else if (word == Running)
        {
            entry.Lead();
        }
        else
        {
            entry.EndAsDeclared(word);
        }

        return DeclareOutcome.Changed;
    }

    private bool Holds(Claim claim, out Entry entry) =>
        Entries.TryGetValue(claim.Id, out entry!) && entry.Status == claim.Status && entry.Epoch == claim.Epoch;

    internal sealed class Entry
    {
        public DeploymentStatus Status { get; set; } = Pending;

        public DeploymentPhase? Phase { get; set; }

        public int Attempt { get; set; }

        public long Epoch { get; set; }

        public bool Led { get; set; }

        public bool StartAsked { get; set; }

        public bool CancelRequested { get; set; }

        public bool LogClosed { get; set; }

        public int Results { get; set; }

        public void Lead()
        {
            (Status, Led) = (Running, true);
            Epoch++;
        }

        public void EndAsDeclared(DeploymentStatus word)
        {
            var atWork = Phase is not null;
            if (!Status.CanBecome(word))
            {
                Lead();
            }

            End(word, closesLog: !atWork);
        }

        public void End(DeploymentStatus end, bool closesLog) => (Status, Phase, LogClosed) = (end, null, closesLog);
    }
}
