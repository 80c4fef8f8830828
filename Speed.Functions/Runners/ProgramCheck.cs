using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;
using Docker.DotNet.Models;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>
/// Looks in a container at the program that it was to run, for what keeps the kernel from running it. Tells only what it
/// saw: nothing where nothing is amiss with the file, or where it cannot be looked at.
/// </summary>
internal sealed partial class ProgramCheck(DockerConnection docker, ContainerInspectResponse container)
{
    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>By the name of their file.</summary>
    internal static readonly string[] Shells = ["sh", "ash", "bash", "dash"];

    /// <summary>What is wrong with the program, or with the one that its shell was to run first; null for nothing that shows.</summary>
    /// <param name="byShell">
    /// True where a shell told so by its exit: it also runs scripts without a first line that names their interpreter.
    /// </param>
    public async Task<ProgramFault?> FindAsync(bool byShell, CancellationToken cancellationToken)
    {
        var engine = await docker.DescribeAsync(cancellationToken);
        foreach (var (name, isScript) in Programs())
        {
            var file = await LocateAsync(name, cancellationToken);
            if (file is null && !byShell && name == container.Path)
            {
                return new ProgramFault(
                    name.Contains('/') ? $"`{name}` is not in the image" : $"`{name}` is not in the image, in no folder of its PATH",
                    "Check CMD, ENTRYPOINT and `command`, and what the Dockerfile copies. An image FROM scratch has no shell: use the "
                    + "form in brackets.");
            }

            if (file is not null && file != ContainerFile.Unseen
                && await JudgeAsync(file, engine, isScript, byShell, cancellationToken) is { } fault)
            {
                return fault;
            }
        }

        return null;
    }

    // The program itself, and what a shell is given: a script, or a command of which the first word is the program.
    private IEnumerable<(string Name, bool IsScript)> Programs()
    {
        var words = container.Args ?? [];
        if (container.Path is not { Length: > 0 } program)
        {
            yield break;
        }

        yield return (program, false);
        if (!Shells.Contains(Path.GetFileName(program)))
        {
            yield break;
        }

        if (words is ["-c", var command, ..] && FirstWord().Match(command) is { Success: true } match)
        {
            yield return (match.Groups["word"].Value, false);
        }
        else if (words is [{ Length: > 0 } script, ..] && script[0] != '-')
        {
            yield return (script.Contains('/') ? script : $"./{script}", true);
        }
    }

    private async Task<ContainerFile?> LocateAsync(string name, CancellationToken cancellationToken)
    {
        if (name.Contains('/'))
        {
            return await FindAsync(name, cancellationToken);
        }

        foreach (var folder in SearchPath().Where(_ => name.Length > 0))
        {
            if (await FindAsync($"{folder}/{name}", cancellationToken) is { IsFolder: false } file)
            {
                return file;
            }
        }

        return null;
    }

    private string[] SearchPath() =>
        ((container.Config?.Env ?? []).FirstOrDefault(pair => pair.StartsWith("PATH=", StringComparison.Ordinal))?[5..] ?? DefaultPath)
        .Split(':', StringSplitOptions.RemoveEmptyEntries);

    private Task<ContainerFile?> FindAsync(string path, CancellationToken cancellationToken)
    {
        var folder = container.Config?.WorkingDir is { Length: > 0 } working ? working : "/";
        return ContainerFile.FindAsync(
            docker, container.ID, Path.GetFullPath(path, folder), cancellationToken);
    }

    private async Task<ProgramFault?> JudgeAsync(
        ContainerFile file, Engine engine, bool isScript, bool byShell, CancellationToken cancellationToken)
    {
        var name = $"`{file.Path}`";
        if (file.IsFolder)
        {
            return new ProgramFault($"{name} is a folder", "Name a program in CMD, ENTRYPOINT or `command`.");
        }

        if (isScript)
        {
            return HasWindowsEnds(file.Start) ? WindowsEnds(name) : null;
        }

        if (!file.IsExecutable)
        {
            return new ProgramFault(
                $"{name} may not be executed", $"Add `RUN chmod +x {file.Path}` to the Dockerfile, or set its mode in Git.");
        }

        return file.Start switch
        {
            [] => new ProgramFault($"{name} is an empty file", "See what puts it into the image."),
            [0x7F, (byte)'E', (byte)'L', (byte)'F', ..] => await JudgeElfAsync(file, name, engine, cancellationToken),
            [(byte)'#', (byte)'!', ..] => await JudgeScriptAsync(file.Start, name, cancellationToken),
            [(byte)'M', (byte)'Z', ..] => new ProgramFault($"{name} is a program for Windows", $"Build it for {engine.Platform}."),
            [0xCF or 0xCE, 0xFA, 0xED, 0xFE, ..] or [0xCA, 0xFE, 0xBA, 0xBE, ..] =>
                new ProgramFault($"{name} is a program for macOS", $"Build it for {engine.Platform}."),
            _ when byShell => HasWindowsEnds(file.Start) ? WindowsEnds(name) : null,
            _ => new ProgramFault(
                $"{name} is neither a program for Linux nor a script with `#!` in its first line",
                "Begin a script with `#!` and its interpreter, for example `#!/bin/sh`."),
        };
    }

    private async Task<ProgramFault?> JudgeScriptAsync(byte[] start, string name, CancellationToken cancellationToken)
    {
        if (HasWindowsEnds(start))
        {
            return WindowsEnds(name);
        }

        var line = Encoding.UTF8.GetString(start.AsSpan(2).ToArray().TakeWhile(one => one != '\n').ToArray());
        var words = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        // env finds the program by the search path.
        var sought = words switch
        {
            [var env, var program, ..] when Path.GetFileName(env) == "env" && program[0] != '-' => [env, program],
            [var interpreter, ..] => (string[])[interpreter],
            [] => [],
        };
        foreach (var one in sought)
        {
            if (await LocateAsync(one, cancellationToken) is null)
            {
                return new ProgramFault(
                    $"{name} names `{one}` in its first line, and the image has no such program",
                    $"Install it in the Dockerfile, or name an interpreter that is there; Alpine and busybox have /bin/sh, and no bash.");
            }
        }

        return null;
    }

    // The header of ELF: the class at 4, the order of bytes at 5, the machine at 18.
    private async Task<ProgramFault?> JudgeElfAsync(
        ContainerFile file, string name, Engine engine, CancellationToken cancellationToken)
    {
        var elf = file.Start;
        if (elf.Length < 64 || elf[4] is not (1 or 2) || elf[5] is not (1 or 2))
        {
            return new ProgramFault($"{name} is a broken program: its header is not whole", "Build it anew, or copy all of it.");
        }

        var machine = elf[5] == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(elf.AsSpan(18)) : BinaryPrimitives.ReadUInt16BigEndian(elf.AsSpan(18));
        if (MachinesOf(engine.Architecture) is { Length: > 0 } own && !own.Contains(machine))
        {
            return new ProgramFault(
                $"{name} is built for another processor, {NameOf(machine)}, and this machine is {engine.Platform}",
                $"Build or download it for {engine.Platform}.");
        }

        return InterpreterOf(elf) is { } loader && await FindAsync(loader, cancellationToken) is null
            ? new ProgramFault(
                $"{name} needs the loader `{loader}`, which is not in the image",
                "It is built for another C library: build it on an image like the one that it runs in, or link it statically.")
            : null;
    }

    // Of a 64-bit little-endian program: the table of segments is told by 32 (where), 54 (size of each) and 56 (how many);
    // of the segment PT_INTERP (3) place and length stand at 8 and 32.
    private static string? InterpreterOf(ReadOnlySpan<byte> elf)
    {
        if (elf[4] != 2 || elf[5] != 1)
        {
            return null;
        }

        var (at, size) = (BinaryPrimitives.ReadUInt64LittleEndian(elf[32..]), BinaryPrimitives.ReadUInt16LittleEndian(elf[54..]));
        for (var n = 0; n < BinaryPrimitives.ReadUInt16LittleEndian(elf[56..]); n++)
        {
            var from = at + ((ulong)n * size);
            if (size < 56 || from > (ulong)elf.Length - 56)
            {
                return null;
            }

            var segment = elf[(int)from..];
            var (place, length) = (BinaryPrimitives.ReadUInt64LittleEndian(segment[8..]), BinaryPrimitives.ReadUInt64LittleEndian(segment[32..]));
            if (BinaryPrimitives.ReadUInt32LittleEndian(segment) == 3 && length < 256 && place < (ulong)elf.Length - length)
            {
                return Encoding.UTF8.GetString(elf.Slice((int)place, (int)length)).TrimEnd('\0');
            }
        }

        return null;
    }

    // The numbers of processors in elf.h; empty for one that is not known here.
    private static ushort[] MachinesOf(string architecture) => architecture switch
    {
        // Both run programs of 32 bits, too.
        "amd64" or "x86_64" => [62, 3],
        "arm64" or "aarch64" => [183, 40],
        "arm" => [40],
        "386" => [3],
        "riscv64" => [243],
        "ppc64le" => [21],
        "s390x" => [22],
        _ => [],
    };

    private static string NameOf(ushort machine) => machine switch
    {
        3 => "386",
        21 => "ppc64",
        22 => "s390x",
        40 => "arm",
        62 => "amd64",
        183 => "arm64",
        243 => "riscv64",
        _ => $"number {machine} of ELF",
    };

    private static bool HasWindowsEnds(byte[] start) =>
        Array.IndexOf(start, (byte)'\n') is > 0 and var end && start[end - 1] == '\r';

    private static ProgramFault WindowsEnds(string name) => new(
        $"{name} has Windows line ends, which no interpreter on Linux takes",
        "Save it with LF; a line `*.sh text eol=lf` in .gitattributes keeps it so.");

    // Behind assignments and exec. A word with quotes or variables says nothing by itself.
    [GeneratedRegex(@"^\s*(?:[A-Za-z_]\w*=[\w./:-]*\s+)*(?:exec\s+)?(?<word>[\w./+-]+)(?=\s|;|&|\||$)", RegexOptions.CultureInvariant)]
    private static partial Regex FirstWord();
}
