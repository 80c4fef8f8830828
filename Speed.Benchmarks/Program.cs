using BenchmarkDotNet.Running;
using Speed.Benchmarks;

if (args is ["proxy"])
{
    await ProxyBenchmarks.RunAsync();
    return;
}

BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
