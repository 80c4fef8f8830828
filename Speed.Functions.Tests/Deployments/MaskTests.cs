using System.Net;
using System.Security;
using System.Text;
using System.Text.Encodings.Web;
using CsCheck;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Deployments;

/// <summary>Drives nothing but a rule: no form of a secret passes, however its bytes are cut.</summary>
public sealed class MaskTests
{
    private static readonly Gen<string> AnyValue = Gen.Char["aZ9 +/\"\\&<'%=é€\n"].Array[6, 40].Select(chars => new string(chars));
    private static readonly Gen<string> Around = Gen.Char["xy7-\n"].Array[0, 12].Select(chars => new string(chars));

    [Fact]
    public void A_stream_is_masked_as_a_whole_would_be_however_it_was_cut() =>
        // Few letters: values overlap, begin in each other and in themselves.
        Gen.Select(
            Gen.Char["ab\n"].Array[6, 9].Array[1, 3], Gen.Char["ab\nc"].Array[0, 120], Gen.Int[1, 9].Array[1, 40])
            .Sample((values, text, cuts) =>
            {
                var texts = values.Select(value => new string(value)).ToArray();
                var bytes = Encoding.UTF8.GetBytes(text);

                Assert.Equal(MaskByHand(bytes, texts), Encoding.UTF8.GetString(Stream(Masker.Of(texts), bytes, cuts)));
            });

    [Fact]
    public void No_form_of_a_value_comes_through() =>
        Gen.Select(AnyValue, Around, Around, Gen.Int[1, 20].Array[1, 20]).Sample((value, before, after, cuts) =>
        {
            foreach (var form in FormsOf(value, before, after))
            {
                var masked = Encoding.UTF8.GetString(Stream(
                    Masker.Of([value]), Encoding.UTF8.GetBytes($"{before}{form.Text}{after}"), cuts));

                Assert.DoesNotContain(form.Secret, masked, StringComparison.Ordinal);
                Assert.StartsWith(before, masked, StringComparison.Ordinal);
                Assert.EndsWith(after, masked, StringComparison.Ordinal);
            }
        });

    [Fact]
    public void What_is_no_secret_stays_to_the_byte() =>
        Gen.Select(Gen.Byte.Array[0, 500], Gen.Int[1, 50].Array[1, 20]).Sample((bytes, cuts) =>
            Assert.Equal(bytes, Stream(Masker.Of(["a value that is not there"]), bytes, cuts)));

    [Fact]
    public void Each_line_of_a_value_is_masked_by_itself_and_short_ones_only_with_the_whole()
    {
        var masker = Masker.Of(["the first line\nab\nthe third line"]);

        Assert.Equal("***, ab, ***", masker.Mask("the first line, ab, the third line"));
        Assert.Equal("1\n***\n***\n***\n2", masker.Mask("1\nthe first line\nab\nthe third line\n2"));
    }

    [Theory]
    // What bash, dash, Python, Go, Jinja and PHP print of them.
    [InlineData("it's $5 & `more`", @"it'\''s $5 & `more`")]
    [InlineData("it's $5 & `more`", "it'\"'\"'s $5 & `more`")]
    [InlineData("it's $5 & `more`", @"it's \$5 & \`more\`")]
    [InlineData("it's $5 & `more`", @"it\'s\ \$5\ \&\ \`more\`")]
    [InlineData("tab\there's é", @"tab\there\'s é")]
    [InlineData("tab\there's é", @"tab\there\'s \303\251")]
    [InlineData("a<b>&\"c\"'d'", "a&lt;b&gt;&amp;\"c\"'d'")]
    [InlineData("a<b>&\"c\"'d'", "a&lt;b&gt;&amp;&quot;c&quot;&#x27;d&#x27;")]
    [InlineData("a<b>&\"c\"'d'", "a&lt;b&gt;&amp;&#34;c&#34;&#39;d&#39;")]
    [InlineData("a<b>&\"c\"'d'", "a&lt;b&gt;&amp;&quot;c&quot;&#039;d&#039;")]
    [InlineData("a<b>&\"c\"'d'", "a&lt;b&gt;&amp;&quot;c&quot;&apos;d&apos;")]
    [InlineData("smörgås", "sm&#246;rg&#229;s")]
    [InlineData("smörgås", "sm&#xf6;rg&#xe5;s")]
    [InlineData("smörgås", @"sm\u00F6rg\u00E5s")]
    [InlineData("smörgås", @"sm\u00f6rg\u00e5s")]
    [InlineData("smörgås", "736dc3b67267c3a573")]
    [InlineData("smörgås", "736DC3B67267C3A573")]
    [InlineData("a/b/c/d", @"a\/b\/c\/d")]
    [InlineData("50% of it", "50%25%20of%20it")]
    // A password in an address, by WHATWG (browsers, Node) and by Go.
    [InlineData("a+b/c%d:e@f g", "a+b%2Fc%d%3Ae%40f%20g")]
    [InlineData("a+b/c%d:e@f!g h", "a+b%2Fc%25d%3Ae%40f%21g%20h")]
    // JavaScript's encodeURI, .NET's UrlEncode in both cases, PHP's urlencode.
    [InlineData("a+b/c%d:e@f!g h", "a+b/c%25d:e@f!g%20h")]
    [InlineData("it's it! (a/b)", "it%27s+it!+(a%2Fb)")]
    [InlineData("it's it! (a/b)", "it%27s+it!+(a%2fb)")]
    [InlineData("a*b~c d/e", "a%2Ab%7Ec+d%2Fe")]
    // Mustache, Handlebars, Underscore.
    [InlineData("a/b=c`d'e\"f&", "a&#x2F;b&#x3D;c&#x60;d&#39;e&quot;f&amp;")]
    [InlineData("a/b=c`d'e\"f&", "a/b&#x3D;c&#x60;d&#x27;e&quot;f&amp;")]
    [InlineData("a/b=c`d'e\"f&", "a/b=c&#x60;d&#x27;e&quot;f&amp;")]
    // PHP's JSON_HEX_…, with slashes and other characters escaped and as they are; Gson; Flask.
    [InlineData("<a'b\"c&/é>", @"\u003Ca\u0027b\u0022c\u0026\/\u00e9\u003E")]
    [InlineData("<a'b\"c&/é>", @"\u003Ca\u0027b\u0022c\u0026/\u00e9\u003E")]
    [InlineData("<a'b\"c&/é>", @"\u003Ca\u0027b\u0022c\u0026\/é\u003E")]
    [InlineData("<a'b\"c&/é>", @"\u003Ca\u0027b\u0022c\u0026/é\u003E")]
    [InlineData("<a'b=c&/é>", @"\u003ca\u0027b\u003dc\u0026/é\u003e")]
    [InlineData("<a'b=c&/é>", @"\u003ca\u0027b=c\u0026/\u00e9\u003e")]
    // What bash escapes in printf %q, and what not: `%`, `@`, and `#` and `~` inside of a word.
    [InlineData("pa%ss&word1", @"pa%ss\&word1")]
    [InlineData("a@b#c~d|e", @"a@b#c~d\|e")]
    [InlineData("#a~b c", @"\#a~b\ c")]
    [InlineData("~a=~b:~c d", @"\~a=\~b:\~c\ d")]
    // dash takes quotes in a row together, and opens none behind the last.
    [InlineData("it''s it", "it'\"''\"'s it")]
    [InlineData("this is 'it'", "this is '\"'\"'it'\"'\"")]
    [InlineData("50% é it", "50%25+%c3%a9+it")]
    public void Each_escape_of_a_value_is_masked(string value, string escaped) =>
        Assert.Equal("<***>", Masker.Of([value]).Mask($"<{escaped}>"));

    [Fact]
    public void A_value_of_one_line_has_at_most_64_forms() =>
        Gen.Char["aZ9 +/\"\\&<>'%=é€$`!#\t~*()@,:;?[]{}^|-._\u001b\u007f\u0085"].Array[6, 30].Select(chars => new string(chars).Trim())
            .Where(value => value.Length >= SecretForms.LeastLength)
            .Sample(value => Assert.InRange(SecretForms.Of(value).Distinct().Count(), 5, 64));

    [Fact]
    public void Values_that_lie_over_each_other_leave_nothing_of_either()
    {
        var masker = Masker.Of(["password", "password-123", "word-123-more"]);

        Assert.Equal("a *** b *** c", masker.Mask("a password-123 b password-123-more c"));
    }

    [Theory]
    [InlineData("nothing of it\n", "nothing of it\n")]
    [InlineData("ends like it: tok", "ends like it: ")]
    [InlineData("secret line one\n", "***\n")]
    [InlineData("secret line one\nx", "***\n")]
    public void Held_back_is_only_what_may_yet_become_a_secret(string written, string seenAtOnce)
    {
        var mask = new StreamMask(Masker.Of(["token-12345", "secret line one\nx\nsecret line three"]));

        Assert.Equal(seenAtOnce, Encoding.UTF8.GetString(mask.Add(Encoding.UTF8.GetBytes(written)).Span));
        Assert.Equal(
            Masker.Of(["secret line one"]).Mask(written)[seenAtOnce.Length..], Encoding.UTF8.GetString(mask.End().Span));
    }

    [Fact]
    public void Base64_is_masked_in_lines_too()
    {
        var value = string.Concat(Enumerable.Range(0, 40).Select(n => $"part {n}, "));
        var lines = Convert.ToBase64String(Encoding.UTF8.GetBytes(value), Base64FormattingOptions.InsertLineBreaks);

        // A digit at the border may have bits of what comes behind the value.
        Assert.All(Masker.Of([value]).Mask(lines.ReplaceLineEndings("\n")).Split('\n'), line => Assert.Matches(@"^\*\*\*\w?=*$", line));
        Assert.All(lines.Split("\r\n").SkipLast(1), line => Assert.Equal("***", Masker.Of([value]).Mask(line)));
    }

    [Fact]
    public void Too_short_a_value_is_not_looked_for_and_without_one_nothing_is_done()
    {
        Assert.Same(Masker.None, Masker.Of(["", "12345", "a\nb"]));
        Assert.Equal("12345", Masker.None.Mask("12345"));
    }

    [Fact]
    public async Task The_output_of_an_adopted_container_joins_the_masked_log_where_it_broke_off() =>
        await Gen.Select(
            Gen.Char["ab\n"].Array[6, 9].Array[1, 2], Gen.Char["ab\nc"].Array[0, 120], Gen.Int[0, 120],
            Gen.Int[1, 9].Array[1, 40])
            .SampleAsync(async (values, text, stopAt, cuts) => await JoinsAsync(
                [.. values.Select(value => new string(value))], Encoding.UTF8.GetBytes(text), stopAt, cuts));

    [Theory]
    [InlineData(20_000)]
    [InlineData(50_000)]
    public async Task So_does_a_line_that_is_longer_than_one_may_be(int stopAt)
    {
        var line = string.Concat(Enumerable.Range(0, 3_000).Select(n => $"{n} a secret value, "));

        await JoinsAsync(["a secret value"], Encoding.UTF8.GetBytes($"before\n{line}\nafter"), stopAt, [1_000]);
    }

    // SPEED stops, its log ends within a line; then it reads all from the start, and leaves out what the log has.
    private static async Task JoinsAsync(string[] values, byte[] text, int stopAt, int[] cuts)
    {
        var (store, masker) = (new MemoryLogStore(), Masker.Of(values));
        await using (var log = await OpenAsync(store, masker))
        {
            await new MaskedLines(log, LogStream.Stdout).WriteAsync(text.AsMemory(0, Math.Min(stopAt, text.Length)), Token);
            await log.FlushAsync();
        }

        var taken = new TakenOutput();
        foreach (var line in (await store.ReadAsync(1, 0, Token)).Cast<LogLine>())
        {
            taken.Count(line);
        }

        await using (var log = await OpenAsync(store, masker))
        {
            await using (var lines = new LineSplitter(log, LogStream.Stdout))
            {
                foreach (var piece in Pieces(masker, text, cuts))
                {
                    await lines.WriteAsync(taken.SkipTaken(piece), Token);
                }
            }

            await log.FlushAsync();
        }

        var stored = (await store.ReadAsync(1, 0, Token)).Cast<LogLine>();
        var masked = MaskByHand(text, values);
        Assert.Equal(
            masked.Length == 0 || masked.EndsWith('\n') ? masked : masked + '\n',
            string.Concat(stored.Select(line => line.Continues ? line.Text : line.Text + '\n')));
    }

    private static async Task<DeploymentLog> OpenAsync(MemoryLogStore store, Masker masker)
    {
        var log = await DeploymentLog.OpenAsync(1, store, TimeProvider.System, Token);
        log.Masker = masker;
        return log;
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // By the letter of the rule: what any form covers becomes *** once a line, and line feeds stay.
    private static string MaskByHand(byte[] text, string[] values)
    {
        var covered = new bool[text.Length];
        foreach (var form in values.SelectMany(SecretForms.Of).Select(Encoding.UTF8.GetBytes))
        {
            for (var at = 0; at + form.Length <= text.Length; at++)
            {
                if (text.AsSpan(at, form.Length).SequenceEqual(form))
                {
                    covered.AsSpan(at, form.Length).Fill(true);
                }
            }
        }

        var masked = new StringBuilder();
        for (var at = 0; at < text.Length; at++)
        {
            var goesOn = at > 0 && covered[at - 1] && text[at - 1] != '\n';
            masked.Append(!covered[at] || text[at] == '\n' ? ((char)text[at]).ToString() : goesOn ? "" : "***");
        }

        return masked.ToString();
    }

    // Each as programs make it, and what of it tells the value: of base64, the digits that the neighbors do not share.
    private static IEnumerable<(string Text, string Secret)> FormsOf(string value, string before, string after)
    {
        yield return (value, value);
        yield return (Uri.EscapeDataString(value), Uri.EscapeDataString(value));
        yield return (UrlEncoder.Default.Encode(value), UrlEncoder.Default.Encode(value));
        yield return (JavaScriptEncoder.Default.Encode(value), JavaScriptEncoder.Default.Encode(value));
        var relaxed = JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(value);
        yield return (relaxed, relaxed);
        foreach (var text in new[]
        {
            WebUtility.HtmlEncode(value), HtmlEncoder.Default.Encode(value), SecurityElement.Escape(value),
            Convert.ToHexString(Encoding.UTF8.GetBytes(value)), Convert.ToHexStringLower(Encoding.UTF8.GetBytes(value)),
            value.Replace("'", @"'\''"),
        })
        {
            yield return (text, text);
        }

        var (first, bytes) = (Encoding.UTF8.GetBytes(before), Encoding.UTF8.GetBytes(value));
        var base64 = Convert.ToBase64String([.. first, .. bytes, .. Encoding.UTF8.GetBytes(after)]);
        var (start, end) = (((8 * first.Length) + 5) / 6, 8 * (first.Length + bytes.Length) / 6);
        var secret = base64[start..end];
        yield return (base64, secret);
        yield return (base64.Replace('+', '-').Replace('/', '_'), secret.Replace('+', '-').Replace('/', '_'));
    }

    private static byte[] Stream(Masker masker, byte[] bytes, int[] cuts) =>
        [.. Pieces(masker, bytes, cuts).SelectMany(piece => piece.ToArray())];

    private static IEnumerable<ReadOnlyMemory<byte>> Pieces(Masker masker, byte[] bytes, int[] cuts)
    {
        var mask = new StreamMask(masker);
        for (int at = 0, cut = 0; at < bytes.Length; cut++)
        {
            var length = Math.Min(cuts[cut % cuts.Length], bytes.Length - at);
            yield return mask.Add(bytes.AsMemory(at, length));
            at += length;
        }

        yield return mask.End();
    }
}
