using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Volumes;

/// <summary>Drives SPEED over HTTP: random stories of services and where their data must be.</summary>
/// <remarks>
/// SPEED as it is, its store and its lives too, on a scripted engine. A model that knows services by what the story means,
/// and nothing of names, says what each program must find in its volumes.
/// </remarks>
public sealed class VolumeStoryTests
{
    private const int Steps = 6;
    private const int AtATime = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static readonly string[] Branches = ["", "main", "dev"];

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whatever_becomes_of_a_service_its_data_are_where_its_next_program_looks()
    {
        var stories = Scale.VolumeStories;
        var engine = new ScriptedEngine();
        var model = new Model(engine);
        await using var app = await SpeedApp.OpenAsync(
            new()
            {
                ["Speed__MaxRunning"] = "16",
                ["Speed__Git__AllowedSchemes"] = "https,http,ssh",
                ["Speed__Git__AllowedHosts"] = "git.example.org",
            },
            services =>
            {
                services.AddSingleton(engine);
                services.Replace(ServiceDescriptor.Singleton<IVolumeEngine>(engine));
                services.Replace(ServiceDescriptor.Singleton<IRunner, ScriptedRunner>());
                services.Replace(ServiceDescriptor.Singleton<ISource, ScriptedSource>());
            });
        for (var first = 0; first < stories; first += AtATime)
        {
            var told = Enumerable.Range(first, Math.Min(AtATime, stories - first))
                .Select(seed => new Story(seed, app, engine, model)).ToList();
            await Task.WhenAll(told.Select(story => story.TellAsync(Steps)));

            // What is up goes on, and is adopted.
            await app.RestartAsync();
            await Task.WhenAll(told.Select(story => story.TellAsync(Steps)));
            await Task.WhenAll(told.Select(story => story.EndAsync()));
        }

        Assert.Empty(model.Faults);
        Assert.True(model.Starts >= stories * Steps, $"{model.Starts} starts are too few to tell anything.");
        await AssertOneVolumeEachAsync(app, model);
    }

    private static async Task AssertOneVolumeEachAsync(SpeedApp app, Model model)
    {
        var items = (await app.GetAsync("/v1/volumes")).GetProperty("items").EnumerateArray().ToList();

        Assert.Equal(model.Volumes, items.Count);
        Assert.All(items, item => Assert.Equal("kept", item.GetProperty("state").GetString()));
    }

    /// <summary>What is in the volumes of each service.</summary>
    private sealed class Model
    {
        private readonly ConcurrentDictionary<string, List<string>> _data = new();
        private int _starts;

        public Model(ScriptedEngine engine) => engine.Started = Check;

        public ConcurrentQueue<string> Faults { get; } = new();

        public int Starts => _starts;

        public int Volumes => _data.Count;

        // Which of the model's services a deployment is of, its story has put into its labels.
        private void Check(Deployment deployment, IReadOnlyDictionary<string, IReadOnlyList<string>> found)
        {
            var service = deployment.Options.Labels["service"];
            Interlocked.Increment(ref _starts);
            foreach (var (name, lines) in found)
            {
                var expected = _data.GetOrAdd($"{service} {name}", []);
                if (!expected.SequenceEqual(lines))
                {
                    Faults.Enqueue(
                        $"Deployment {deployment.Id}, attempt {deployment.Attempt}, of {service} ({deployment.Options.Url}) "
                        + $"found [{string.Join(' ', lines)}] in {name} instead of [{string.Join(' ', expected)}].");
                }

                expected.Add($"{deployment.Id}.{deployment.Attempt}");
            }

            if (found.Count != deployment.Options.Volumes.Count)
            {
                Faults.Enqueue($"Deployment {deployment.Id} has {found.Count} of {deployment.Options.Volumes.Count} volumes.");
            }
        }
    }

    /// <summary>One repository, its services, and what happens to them.</summary>
    private sealed class Story(int seed, SpeedApp app, ScriptedEngine engine, Model model)
    {
        private readonly Random _random = new(seed);
        private readonly List<long> _ended = [];
        private readonly Dictionary<string, long> _up = [];

        private string[] Spellings => [
            $"https://git.example.org/o/r{seed}", $"https://git.example.org/o/r{seed}.git", $"https://git.example.org/o/r{seed}/",
            $"https://GIT.example.org:443/o/r{seed}.git/", $"git@git.example.org:o/r{seed}.git", $"ssh://git@git.example.org/o/r{seed}",
        ];

        public async Task TellAsync(int steps)
        {
            for (var step = 0; step < steps && model.Faults.IsEmpty; step++)
            {
                await (_random.Next(10) switch
                {
                    < 4 => CreateAsync(),
                    < 6 => RetryAsync(),
                    < 8 => FallAsync(box => box.End(1)),
                    < 9 => FallAsync(box => box.End(137, engineRestarted: true)),
                    _ => CancelAsync(),
                });
            }
        }

        public async Task EndAsync()
        {
            while (_up.Count > 0)
            {
                await CancelAsync();
            }
        }

        // By hand without a branch, or as a push, which names it; the address as whoever it was has it.
        private async Task CreateAsync()
        {
            var branch = _random.GetItems(Branches, 1)[0];
            var name = _random.Next(4) == 0 ? "worker" : "";
            var service = $"r{seed} {(branch.Length == 0 ? "main" : branch)} {name}";
            string[] volumes = _random.Next(3) == 0 ? ["data", "cache"] : ["data"];
            var body = new Dictionary<string, object?>
            {
                ["url"] = _random.GetItems(Spellings, 1)[0],
                ["name"] = name,
                ["restart"] = "on-failure",
                ["labels"] = new Dictionary<string, string> { ["service"] = service },
                ["volumes"] = volumes.Select(volume => new { name = volume, path = $"/{volume}/" }),
            };
            if (branch.Length > 0)
            {
                body["branch"] = branch;
            }

            using var answer = await app.PostAsync("/v1/deployments", body);
            await BecomeUpAsync(service, answer);
        }

        private async Task RetryAsync()
        {
            if (_ended.Count == 0)
            {
                await CreateAsync();
                return;
            }

            var old = await app.GetDeploymentAsync(_random.GetItems(_ended.ToArray(), 1)[0]);
            using var answer = await app.PostAsync($"/v1/deployments/{old.GetProperty("id")}/retry", new { });
            await BecomeUpAsync(old.GetProperty("labels").GetProperty("service").GetString()!, answer);
        }

        // Of its own accord or with its engine: the next attempt is waited for.
        private async Task FallAsync(Func<ScriptedBox, bool> end)
        {
            if (_up.Count == 0)
            {
                await CreateAsync();
                return;
            }

            var id = _up.Values.ElementAt(_random.Next(_up.Count));
            var attempt = engine.Boxes.Single(box => box.Deployment.Id == id && end(box)).Deployment.Attempt;
            await WaitAsync(id, now => now.GetProperty("attempt").GetInt32() > attempt && IsUp(now));
        }

        private async Task CancelAsync()
        {
            if (_up.Count == 0)
            {
                return;
            }

            var (service, id) = _up.ElementAt(_random.Next(_up.Count));
            (await app.PostAsync($"/v1/deployments/{id}/cancel", new { })).Dispose();
            await WaitAsync(id, HasEnded);
            _up.Remove(service);
            _ended.Add(id);
        }

        private async Task BecomeUpAsync(string service, HttpResponseMessage answer)
        {
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Now));
            var id = (await answer.Content.ReadFromJsonAsync<JsonElement>(Now)).GetProperty("id").GetInt64();
            await WaitAsync(id, IsUp);

            // The retry of one whose retry is up already is that one.
            if (_up.TryGetValue(service, out var older) && older != id)
            {
                await WaitAsync(older, HasEnded);
                _ended.Add(older);
            }

            _up[service] = id;
        }

        private async Task WaitAsync(long id, Func<JsonElement, bool> isSo)
        {
            var began = TimeProvider.System.GetTimestamp();
            for (long version = 0; ;)
            {
                var now = await app.GetAsync($"/v1/deployments/{id}?wait=20&since={version}");
                if (isSo(now))
                {
                    return;
                }

                Assert.False(HasEnded(now) || TimeProvider.System.GetElapsedTime(began) > Patience, $"Story {seed}: {now}");
                version = now.GetProperty("version").GetInt64();
            }
        }

        private static bool IsUp(JsonElement now) => now.GetProperty("up_at").ValueKind == JsonValueKind.String;

        private static bool HasEnded(JsonElement now) => now.GetProperty("ended_at").ValueKind == JsonValueKind.String;
    }
}
