namespace Speed.Dockerfiles;

/// <summary>
/// What FROM can name: the ARGs before the first one, and what the builder sets itself (moby/buildkit,
/// dockerfile2llb/convert.go and platform.go; moby/moby, builder/dockerfile/buildargs.go).
/// </summary>
internal static class GlobalArguments
{
    private static readonly string[] Proxies =
    [
        "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY", "ftp_proxy", "NO_PROXY", "no_proxy",
        "ALL_PROXY", "all_proxy",
    ];

    public static Scope Read(Dockerfile dockerfile, BuildInputs inputs)
    {
        var globals = Scope.Empty(inputs.Builder);
        SetOwn(globals, dockerfile, inputs);
        foreach (var instruction in dockerfile.Preamble)
        {
            var declared = new List<(string Name, string? Value, bool IsSet)>();
            foreach (var word in instruction.Words)
            {
                if (inputs.Builder == Builder.Legacy && !Scope.IsPlain(word.Text.Split('=')[0]))
                {
                    globals.LoseTrack();
                }

                declared.Add(Declare(word.Text, dockerfile, inputs, globals));
                if (inputs.Builder == Builder.BuildKit)
                {
                    Take(globals, dockerfile.Dialect, declared[^1]);
                }
            }

            // The legacy builder sees what was there before the instruction.
            if (inputs.Builder == Builder.Legacy)
            {
                declared.ForEach(one => Take(globals, dockerfile.Dialect with { EmptiesGlobalsWithoutValue = false }, one));
            }
        }

        return globals;
    }

    /// <summary>What the legacy builder knows without an ARG.</summary>
    public static void SetProxies(Scope scope, BuildInputs inputs)
    {
        foreach (var name in Proxies.Where(_ => inputs.Builder == Builder.Legacy))
        {
            if (inputs.BuildArgs.TryGetValue(name, out var value))
            {
                scope.SetArgument(name, value);
            }
        }
    }

    private static void SetOwn(Scope globals, Dockerfile dockerfile, BuildInputs inputs)
    {
        SetProxies(globals, inputs);
        if (inputs.Builder == Builder.Legacy)
        {
            return;
        }

        var (os, architecture) = inputs.Platform.Split('/') is [var first, var second, ..]
            ? (first, second)
            : ("linux", inputs.Platform);

        // Which variant a 32-bit ARM has, the engine alone knows.
        var hasVariant = architecture == "arm";
        foreach (var side in new[] { "BUILD", "TARGET" })
        {
            Set($"{side}PLATFORM", hasVariant ? null : inputs.Platform);
            Set($"{side}OS", os);
            Set($"{side}ARCH", architecture);
            Set($"{side}VARIANT", hasVariant ? null : "");
            if (dockerfile.Dialect.KnowsTargetStage)
            {
                Set($"{side}OSVERSION", "");
            }
        }

        if (dockerfile.Dialect.KnowsTargetStage)
        {
            Set("TARGETSTAGE", inputs.Target ?? dockerfile.Stages[^1].Name ?? "default");
        }

        void Set(string name, string? value) =>
            globals.SetArgument(name, inputs.BuildArgs.TryGetValue(name, out var given) ? given : value);
    }

    private static (string Name, string? Value, bool IsSet) Declare(
        string word, Dockerfile dockerfile, BuildInputs inputs, Scope globals)
    {
        var equals = word.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? word : word[..equals];
        if (inputs.BuildArgs.TryGetValue(name, out var given))
        {
            return (name, given, true);
        }

        if (equals < 0)
        {
            return (name, null, false);
        }

        var lexer = new Lexer(dockerfile.Escape)
        {
            Values = globals.Get,
            KnowsLateForms = dockerfile.Dialect.KnowsLateForms,
        };
        var value = lexer.Expand(word[(equals + 1)..]);
        if (value is null && dockerfile.Dialect.PassesOverGlobalFaults && inputs.Builder == Builder.BuildKit)
        {
            value = "";
        }

        return (name, lexer.IsUnknown ? null : value, true);
    }

    private static void Take(Scope globals, Dialect dialect, (string Name, string? Value, bool IsSet) declared)
    {
        if (declared.IsSet)
        {
            globals.SetArgument(declared.Name, declared.Value);
        }
        else if (dialect.EmptiesGlobalsWithoutValue)
        {
            globals.SetArgument(declared.Name, "");
        }
    }
}

/// <summary>What a build is given beside its Dockerfile.</summary>
/// <param name="Platform">The engine's own, for example <c>linux/amd64</c>.</param>
/// <param name="Target">The name of a stage; null for the last.</param>
internal sealed record BuildInputs(
    IReadOnlyDictionary<string, string> BuildArgs, string Platform, Builder Builder, string? Target = null)
{
    /// <summary>Whether RUN steps have one.</summary>
    public bool HasNetwork { get; init; } = true;
}
