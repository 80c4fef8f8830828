using System.Globalization;
using System.Text.RegularExpressions;
using Speed.Deployments;

namespace Speed.Dockerfiles;

/// <summary>What one instruction takes into the build, and what it does to the variables behind it.</summary>
internal sealed partial class BuildGraph
{
    private async Task TakeAsync(
        Stage stage, Instruction instruction, Scope scope, bool isTrigger, CancellationToken cancellationToken)
    {
        switch (instruction.Keyword)
        {
            case "ARG":
                DeclareArguments(instruction, scope);
                break;
            case "ENV":
                DeclareEnvironment(instruction, scope);
                break;
            case "ADD":
                TakeSources(instruction, scope, isTrigger);
                break;
            case "COPY":
                foreach (var flag in instruction.FlagsOf("from"))
                {
                    await TakeFromAsync(
                        stage, instruction, ReferenceKind.FromImage, flag.Value ?? LocatedText.Empty, isTrigger,
                        cancellationToken);
                }

                break;
            case "EXPOSE" when !isTrigger:
                TakePorts(stage, instruction, scope);
                break;
            case "RUN":
                foreach (var flag in instruction.FlagsOf("mount"))
                {
                    await TakeMountAsync(
                        stage, instruction, flag.Value ?? LocatedText.Empty, isTrigger, cancellationToken);
                }

                break;
        }
    }

    // What nobody can tell is among those of the image all the same, and counts with those of its base.
    private void TakePorts(Stage stage, Instruction instruction, Scope scope)
    {
        if (!_exposed.TryGetValue(stage.Index, out var ports))
        {
            _exposed[stage.Index] = ports = [];
        }

        foreach (var word in instruction.Words)
        {
            if (Expand(word.Text, scope).Value is { } value)
            {
                ports.AddRange(value.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).SelectMany(ExposedPorts.Read));
            }
        }
    }

    // An ARG without a default takes a build argument, or what was declared before the first FROM.
    private void DeclareArguments(Instruction instruction, Scope scope)
    {
        var declared = new List<Action>();
        foreach (var word in instruction.Words)
        {
            var equals = word.Text.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? word.Text : word.Text[..equals];
            var isGiven = _inputs.BuildArgs.ContainsKey(name);
            var value = equals < 0 || isGiven ? null : Evaluate(word.Text[(equals + 1)..], instruction, scope);
            declared.Add(() => SetArgument(scope, name, equals >= 0, value));
            if (_dockerfile.Dialect.ExpandsArgsInTurn && _inputs.Builder == Builder.BuildKit)
            {
                declared[^1]();
            }
        }

        declared.ForEach(set => set());
    }

    private void SetArgument(Scope scope, string name, bool hasDefault, string? value)
    {
        if (!Scope.IsPlain(name))
        {
            scope.LoseTrack();
        }
        else if (_inputs.BuildArgs.TryGetValue(name, out var given))
        {
            scope.SetArgument(name, given);
        }
        else if (hasDefault)
        {
            scope.SetArgument(name, value);
        }
        else if (_globals.Get(name) is { } global && (global.IsSet || global.IsUnknown))
        {
            scope.SetArgument(name, global.Value);
        }
        else if (_inputs.Builder == Builder.Legacy)
        {
            scope.UnsetArgument(name);
        }
    }

    // All are put together before the first one counts. One that cannot be told stays unknown: that matters only where it
    // names an image or a source.
    private void DeclareEnvironment(Instruction instruction, Scope scope)
    {
        var pairs = (Words.PairsOf(instruction) ?? [])
            .Select(pair => (Name: Evaluate(pair.Name, instruction, scope), Value: Evaluate(pair.Value, instruction, scope)))
            .ToArray();
        foreach (var (name, value) in pairs)
        {
            if (name is null)
            {
                scope.LoseTrack();
            }
            else
            {
                scope.SetEnvironment(name, value);
            }
        }
    }

    // Null where nobody knows it. One that cannot be read ends the build of an engine.
    private string? Evaluate(string text, Instruction instruction, Scope scope)
    {
        var value = Expand(text, scope);
        if (value.Required is { } required)
        {
            Fail(UnsetVariables.Required(instruction, text, required, value.FaultOfRequired));
        }
        else if (value.Fault is not null)
        {
            Fail(new DeploymentFailedException(
                FailureCode.BuildFailed,
                $"{instruction.Keyword} on line {instruction.Line} of the Dockerfile: `{text}` cannot be read: {value.Fault}.",
                "Check its quotes and braces; and that the engine's version knows what stands between them."));
        }

        return value.Value;
    }

    private void TakeSources(Instruction instruction, Scope scope, bool isTrigger)
    {
        foreach (var word in instruction.Words.SkipLast(1))
        {
            if (HereDocument.Parse(word.Text, _dockerfile.Dialect).Document is not null)
            {
                continue;
            }

            var source = Expand(word.Text, scope);
            if (source.Fault is not null)
            {
                Fail(Unreadable(word.Text, instruction, source));
                return;
            }

            if (source.Value is null)
            {
                throw DockerfileRefusal.Unknown(word.Text, instruction.Line);
            }

            var kind = AddSource.KindOf(source.Value);
            if (isTrigger && kind != ReferenceKind.AddFile)
            {
                throw DockerfileRefusal.Of(
                    $"FROM on line {instruction.Line} of the Dockerfile stands on an ONBUILD that fetches {source.Value}",
                    DockerfileRefusal.OrInRunStep("Build on another image", "fetch the file", _inputs.HasNetwork));
            }

            _references.Add(new Reference(
                kind, instruction, word.Text, source.Value, isTrigger ? null : word.Span)
            {
                Unset = source.Unset,
                Checksum = instruction.FlagsOf("checksum").LastOrDefault()?.Value is { } checksum
                    ? Expand(checksum.Value, scope).Value ?? throw DockerfileRefusal.Unknown(checksum.Value, instruction.Line)
                    : null,
            });
        }
    }

    private async Task TakeMountAsync(
        Stage stage, Instruction instruction, LocatedText mount, bool isTrigger, CancellationToken cancellationToken)
    {
        if (MountOptions.Read(mount) is not { } fields)
        {
            throw DockerfileRefusal.Of(
                instruction, $"has a --mount that is no list of fields: `{mount}`", "Write it without quotes.");
        }

        var sources = fields.Where(field => field.Key == "from").ToArray();
        if (sources.Length > 1)
        {
            throw DockerfileRefusal.Of(
                instruction, $"has a --mount with more than one `from`: `{mount}`", "Keep the one that is meant.");
        }

        foreach (var (_, value) in sources)
        {
            await TakeFromAsync(stage, instruction, ReferenceKind.MountImage, value, isTrigger, cancellationToken);
        }

        var type = fields.LastOrDefault(field => field.Key == "type").Value?.Value ?? "bind";
        if (type.Equals("cache", StringComparison.OrdinalIgnoreCase) || type.Contains('$', StringComparison.Ordinal))
        {
            var id = fields.LastOrDefault(field => field.Key == "id").Value;
            var name = id ?? fields.LastOrDefault(field => field.Key is "target" or "dst" or "destination").Value;
            _references.Add(new Reference(
                ReferenceKind.CacheMount, instruction, name?.Value ?? "",
                name is null || name.Value.Contains('$', StringComparison.Ordinal) ? null : name.Value,
                isTrigger ? null : id?.Span));
        }
    }

    // Variables mean nothing here, to no engine; those that put them in refuse the result.
    private async Task TakeFromAsync(
        Stage stage, Instruction instruction, ReferenceKind kind, LocatedText from, bool isTrigger,
        CancellationToken cancellationToken)
    {
        if (from.Length == 0)
        {
            return;
        }

        if (!Plain().IsMatch(from.Value))
        {
            throw DockerfileRefusal.Of(
                instruction, $"takes from `{from}`, which is neither the name of a stage nor of an image",
                "Variables are not resolved there: name a stage for it with `FROM … AS name`, and take from that.");
        }

        var source = FindSourceStage(stage, instruction, kind, from.Value);
        if (source is not null)
        {
            _waiting.Enqueue(source);
            kind = ReferenceKind.Stage;
        }

        kind = from.Value == "scratch" ? ReferenceKind.Stage : kind;
        var reference = new Reference(kind, instruction, from.Value, from.Value, isTrigger ? null : from.Span);
        if (isTrigger && reference.IsImage)
        {
            throw DockerfileRefusal.Of(
                $"FROM on line {instruction.Line} of the Dockerfile stands on an ONBUILD that takes from the image `{from}`",
                "Build on another image, or write what the ONBUILD does into the stage itself.");
        }

        _references.Add(reference);
        if (reference.IsImage || source is not null)
        {
            _needs[stage.Index].Add(new Need(reference, source));
        }

        if (reference.IsImage)
        {
            await _resolve(reference, cancellationToken);
        }
    }

    // A COPY knows numbers, a mount does not: to it they are images.
    private Stage? FindSourceStage(Stage stage, Instruction instruction, ReferenceKind kind, string name)
    {
        if (kind == ReferenceKind.FromImage
            && long.TryParse(name, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var index))
        {
            var last = _inputs.Builder == Builder.Legacy ? stage.Index - 1 : _dockerfile.Stages.Count - 1;
            return index >= 0 && index <= last
                ? _dockerfile.Stages[(int)index]
                : throw DockerfileRefusal.Of(
                    instruction, $"takes from stage {name}, which is not there for it",
                    "Stages are counted from 0; name the one that is meant with `FROM … AS name`.");
        }

        var found = _dockerfile.FindStage(name);
        if (found is null || _inputs.Builder == Builder.BuildKit || found.Index < stage.Index)
        {
            return found;
        }

        // It would ask a registry for an image of that name, which may be anybody's.
        throw DockerfileRefusal.Of(
            instruction, $"takes from stage `{name}`, which does not stand before it: the legacy builder would take an image "
            + "of that name", "Move the stage before this one, or name the image in full.");
    }

    [GeneratedRegex(@"\A[A-Za-z0-9._/:@+\[\]-]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Plain();
}
