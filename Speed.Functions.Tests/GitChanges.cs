using System.Text;
using Speed.Deployments;

namespace Speed.Tests;

/// <summary>
/// Changes to a repository, told in order. What is not yet committed at the end is committed then.
/// </summary>
public sealed class GitChanges
{
    private readonly Stream _script;
    private readonly ISet<string> _branches;
    private readonly HashSet<string> _begun = [];
    private readonly StringBuilder _pending = new();
    private string _branch;
    private string _time = "1767225600";
    private int _marks;

    // Speaks to `git fast-import`: any path and mode, whatever the file system here can hold.
    internal GitChanges(Stream script, string branch, ISet<string> branches)
    {
        (_script, _branch, _branches) = (script, branch, branches);
    }

    public GitChanges File(string path, string text) => File(path, Encoding.UTF8.GetBytes(text));

    public GitChanges File(string path, byte[] content) => Blob("100644", path, content.Length, s => s.Write(content));

    public GitChanges Executable(string path, string text)
    {
        var content = Encoding.UTF8.GetBytes(text);
        return Blob("100755", path, content.Length, script => script.Write(content));
    }

    /// <summary>A file of so many bytes, random ones if they are not to compress.</summary>
    public GitChanges Large(string path, long bytes, bool random = false) => Blob("100644", path, bytes, script =>
    {
        var block = new byte[64 * 1024];
        var source = new Random(1);
        for (var left = bytes; left > 0; left -= block.Length)
        {
            if (random)
            {
                source.NextBytes(block);
            }

            script.Write(block.AsSpan(0, (int)Math.Min(left, block.Length)));
        }
    });

    public GitChanges Symlink(string path, string target)
    {
        var content = TreePath.Encode(target);
        return Blob("120000", path, content.Length, script => script.Write(content));
    }

    public GitChanges Submodule(string path, string commit)
    {
        _pending.Append($"M 160000 {commit} {Quoted(path)}\n");
        return this;
    }

    public GitChanges Delete(string path)
    {
        _pending.Append($"D {Quoted(path)}\n");
        return this;
    }

    /// <summary>The time of the commits from here on, as it stands in them: seconds since 1970.</summary>
    public GitChanges At(string time)
    {
        _time = time;
        return this;
    }

    public GitChanges Commit(string message)
    {
        var known = _branches.Contains(_branch);
        Write($"commit refs/heads/{_branch}\n{By("committer")}{Data(message)}");
        if (known && _begun.Add(_branch))
        {
            Write($"from refs/heads/{_branch}^0\n");
        }

        Write($"{_pending}\n");
        _pending.Clear();
        _begun.Add(_branch);
        _branches.Add(_branch);
        return this;
    }

    /// <summary>Goes on on this branch; a new one begins here.</summary>
    public GitChanges Branch(string name)
    {
        CommitPending();
        if (!_branches.Contains(name) && _branches.Contains(_branch))
        {
            Write($"reset refs/heads/{name}\nfrom {Tip}\n\n");
            _begun.Add(name);
            _branches.Add(name);
        }

        _branch = name;
        return this;
    }

    /// <summary>A lightweight tag here.</summary>
    public GitChanges Tag(string name)
    {
        CommitPending();
        Write($"reset refs/tags/{name}\nfrom {Tip}\n\n");
        return this;
    }

    public GitChanges AnnotatedTag(string name, string message = "A release")
    {
        CommitPending();
        Write($"tag {name}\nfrom {Tip}\n{By("tagger")}{Data(message)}");
        return this;
    }

    internal void CommitPending()
    {
        if (_pending.Length > 0)
        {
            Commit("Change files");
        }
    }

    private string Tip => _begun.Contains(_branch) ? $"refs/heads/{_branch}" : $"refs/heads/{_branch}^0";

    private GitChanges Blob(string mode, string path, long length, Action<Stream> content)
    {
        Write($"blob\nmark :{++_marks}\ndata {length}\n");
        content(_script);
        Write("\n");
        _pending.Append($"M {mode} :{_marks} {Quoted(path)}\n");
        return this;
    }

    // A path as TreePath has it: all but plain ASCII as octal digits of its bytes.
    private static string Quoted(string path) => '"' + string.Concat(TreePath.Encode(path).Select(one =>
        one is > 0x1F and < 0x7F and not ((byte)'"' or (byte)'\\') ? $"{(char)one}" : $"\\{Convert.ToString(one, 8).PadLeft(3, '0')}"))
        + '"';

    private string By(string role) => $"{role} Ada <ada@example.com> {_time} +0000\n";

    private static string Data(string text) => $"data {Encoding.UTF8.GetByteCount(text)}\n{text}\n";

    private void Write(string text) => _script.Write(Encoding.UTF8.GetBytes(text));
}
