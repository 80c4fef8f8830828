using Speed.Security;
using Xunit;

namespace Speed.Tests.Security;

/// <summary>Drives SPEED over HTTP: it proves that it has a key to who has it, and tells others nothing.</summary>
[Trait("Host", "Both")]
public sealed class ChallengeTests
{
    private const string Nonce = "0123456789012345678901";

    [Fact]
    public async Task SPEED_proves_that_it_has_a_key_with_what_it_keeps_of_it()
    {
        await using var app = await Keys.OpenAsync();
        var token = await app.NewTokenAsync(["read"]);
        var id = token.Split('_')[1];

        Assert.Equal(KeyProof.Of(KeyText.Hash(token), id, Nonce), await ProofAsync(app, new { nonce = Nonce, id }));
        Assert.Equal(KeyProof.Of(KeyText.Hash(app.AdminKey()), "", Nonce), await ProofAsync(app, new { nonce = Nonce }));
        Assert.NotEqual(await ProofAsync(app, new { nonce = Nonce, id }), await ProofAsync(app, new { nonce = Nonce + "0", id }));
    }

    [Fact]
    public async Task What_is_answered_for_a_key_that_is_not_there_looks_like_a_proof_and_is_none()
    {
        await using var app = await Keys.OpenAsync();
        var token = await app.NewTokenAsync(["read"]);
        var id = token.Split('_')[1];
        await app.AskAsync("DELETE", $"/v1/tokens/{id}", app.AdminKey());

        var revoked = await ProofAsync(app, new { nonce = Nonce, id });
        var unknown = await ProofAsync(app, new { nonce = Nonce, id = "0123456789ab" });

        Assert.NotEqual(KeyProof.Of(KeyText.Hash(token), id, Nonce), revoked);
        Assert.Equal(revoked, await ProofAsync(app, new { nonce = Nonce, id }));
        await app.RestartAsync();
        Assert.Equal(unknown, await ProofAsync(app, new { nonce = Nonce, id = "0123456789ab" }));
        Assert.All([revoked, unknown], proof => Assert.Matches("^[A-Za-z0-9_-]{43}$", proof));
    }

    [Fact]
    public async Task A_key_that_a_person_thought_of_is_not_found_by_trying()
    {
        const string Key = "an-operators-own-key-of-32-letters";
        await using var app = await Keys.OpenAsync(new() { ["Speed__AdminKey"] = Key });

        var proof = await ProofAsync(app, new { nonce = Nonce });

        Assert.NotEqual(KeyProof.Of(KeyText.Hash(Key), "", Nonce), proof);
        Assert.Equal(KeyProof.Of(KeyProof.ValueOf(Key), "", Nonce), proof);
    }

    [Fact]
    public async Task Without_keys_the_admin_key_of_before_is_proved_all_the_same()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var key = KeyText.New();
        PrivateFile.Create(Path.Combine(app.DataDirectory, "admin.key"), key);

        Assert.Equal(KeyProof.Of(KeyText.Hash(key), "", Nonce), await ProofAsync(app, new { nonce = Nonce }));
    }

    [Fact]
    public async Task Proofs_are_had_so_many_times_a_minute()
    {
        await using var app = await Keys.OpenAsync();
        var answers = new List<Answer>();

        for (var n = 0; n <= 300; n++)
        {
            answers.Add(await app.SendAsync("/v1/session/challenge", $$"""{"nonce": "{{Nonce}}"}"""));
        }

        Assert.Equal(429, answers[^1].Status);
        Assert.Equal("10", answers[^1].Headers["Retry-After"]);
        Assert.All(answers.SkipLast(1), answer => Assert.Equal(200, answer.Status));
    }

    [Theory]
    [InlineData("""{}""", "/nonce")]
    [InlineData("""{"nonce": "short"}""", "/nonce")]
    [InlineData("""{"nonce": "0123456789\n0123456789012"}""", "/nonce")]
    [InlineData("""{"nonce": "0123456789012345678901", "id": "spd"}""", "/id")]
    [InlineData("""{"nonce": "0123456789012345678901", "id": "0123456789AB"}""", "/id")]
    public async Task What_cannot_be_proved_names_the_field(string body, string at)
    {
        await using var app = await Keys.OpenAsync();

        var answer = await app.SendAsync("/v1/session/challenge", body);

        Assert.Equal(400, answer.Status);
        Assert.Equal(at, answer.Json.GetProperty("errors")[0].GetProperty("pointer").GetString());
    }

    private static async Task<string> ProofAsync(SpeedApp app, object asked)
    {
        var answer = await app.AskAsync("POST", "/v1/session/challenge", null, asked);
        Assert.True(answer.Status == 200, answer.Text);
        return answer.Json.GetProperty("proof").GetString()!;
    }
}
