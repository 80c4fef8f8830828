using System.Text;

namespace Speed.Tests.Cli;

/// <summary>An output that a test looks at while it is written.</summary>
internal sealed class WatchedWriter : StringWriter
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _written = new();

    public string Text
    {
        get
        {
            lock (_gate)
            {
                return ToString();
            }
        }
    }

    /// <summary>Returns once the text has this in it.</summary>
    public async Task SeesAsync(string text, CancellationToken cancellationToken)
    {
        while (true)
        {
            // The signal before the look, or what is written between the two would be missed.
            var written = Volatile.Read(ref _written).Task;
            if (Text.Contains(text, StringComparison.Ordinal))
            {
                return;
            }

            await written.WaitAsync(TimeSpan.FromMinutes(1), cancellationToken);
        }
    }

    public override void Write(char value) => Change(() => base.Write(value));

    public override void Write(string? value) => Change(() => base.Write(value));

    public override void Write(char[] buffer, int index, int count) => Change(() => base.Write(buffer, index, count));

    public override void Write(ReadOnlySpan<char> buffer) => Write(buffer.ToString());

    public override void Write(StringBuilder? value) => Write(value?.ToString());

    public override void WriteLine(string? value) => Write(value + NewLine);

    private void Change(Action write)
    {
        lock (_gate)
        {
            write();
        }

        Interlocked.Exchange(ref _written, new TaskCompletionSource()).TrySetResult();
    }
}
