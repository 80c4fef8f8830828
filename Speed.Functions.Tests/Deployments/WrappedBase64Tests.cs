using System.Text;
using CsCheck;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Deployments;

/// <summary>Drives nothing but a rule: base64 in lines shows nothing of a secret, wherever the lines and the bytes are cut.</summary>
public sealed class WrappedBase64Tests
{
    private static readonly Gen<string> Around = Gen.Char["xy7-\n= "].Array[40, 160].Select(chars => new string(chars));
    private static readonly Gen<string> AnyValue = Gen.Char["aZ9 +/\"&é"].Array[6, 90].Select(chars => new string(chars));
    private static readonly Gen<string> Feed = Of("\n", "\r\n", "\n  ", "\r\n\t");

    [Fact]
    public void A_value_is_masked_on_every_line_of_the_encoding_that_it_stands_on() =>
        Gen.Select(AnyValue, Around, Around, Gen.Int[WrappedBase64.LeastLine, 90], Feed, Gen.Int[1, 90].Array[1, 20]).Sample(
            (value, before, after, columns, feed, cuts) =>
            {
                var (first, bytes) = (Encoding.UTF8.GetBytes(before), Encoding.UTF8.GetBytes(value));
                var base64 = Convert.ToBase64String([.. first, .. bytes, .. Encoding.UTF8.GetBytes(after)]);
                var (start, end) = (((8 * first.Length) + 5) / 6, 8 * (first.Length + bytes.Length) / 6);
                var shown = string.Concat(base64.Select((digit, at) => at >= start && at < end ? '*' : digit));
                var expected = Lines(shown, columns).Select(Stars);

                var masked = Encoding.UTF8.GetString(Stream(
                    [value], Encoding.UTF8.GetBytes(string.Join(feed, Lines(base64, columns))), cuts));

                Assert.Equal(expected, masked.Split('\n').Select(line => line.Trim()));
            });

    [Fact]
    public void What_is_covered_does_not_depend_on_how_the_bytes_were_cut() =>
        // Few digits and many ends of lines: values begin in each other, and end on lines that are too short.
        Gen.Select(
            Gen.Char["ab"].Array[6, 40].Array[1, 3], Gen.Int[0, 200], Gen.Int[0, 2],
            Of("\n", "\r\n", "\r", "\n ", "\n\n", "\r\r\n", " \n", "b", "=").Array[1, 8],
            Gen.Int[1, 70].Array[1, 8], Gen.Int[1, 9].Array[1, 40])
            .Sample((values, length, before, feeds, columns, cuts) =>
            {
                var texts = values.Select(value => new string(value)).ToArray();
                var base64 = Convert.ToBase64String(Encoding.UTF8.GetBytes(
                    new string('x', before) + string.Concat(Enumerable.Repeat(string.Concat(texts), 8))[..Math.Min(length, 8 * texts.Sum(t => t.Length))]));
                var text = new StringBuilder();
                for (int at = 0, n = 0; at < base64.Length; n++)
                {
                    var next = Math.Min(columns[n % columns.Length] * (1 + (n % 3)), base64.Length - at);
                    text.Append(base64, at, next).Append(feeds[n % feeds.Length]);
                    at += next;
                }

                var bytes = Encoding.UTF8.GetBytes(text.ToString());

                Assert.Equal(MaskByHand(bytes, texts), Encoding.UTF8.GetString(Stream(texts, bytes, cuts)));
            });

    [Fact]
    public void After_a_shorter_line_nothing_is_held_back()
    {
        var mask = new StreamMask(Masker.Of(["a secret value"]));
        var begin = Convert.ToBase64String(Encoding.UTF8.GetBytes("a secret value"))[..8];
        var before = new string('x', WrappedBase64.LeastLine);

        Assert.Equal($"{begin}\n", Encoding.UTF8.GetString(mask.Add(Encoding.UTF8.GetBytes($"{begin}\n")).Span));
        Assert.Equal(before, Encoding.UTF8.GetString(mask.Add(Encoding.UTF8.GetBytes($"{before}{begin}\n")).Span));
        Assert.Equal($"{begin}\nno digits\n", Encoding.UTF8.GetString(mask.Add("no digits\n"u8.ToArray()).Span));
    }

    private static Gen<string> Of(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(at => texts[at]);

    private static IEnumerable<string> Lines(string text, int columns) => text.Chunk(columns).Select(line => new string(line));

    private static string Stars(string line) =>
        line.IndexOf('*') is >= 0 and var at ? line[..at] + "***" + line[(line.LastIndexOf('*') + 1)..] : line;

    // By the letter of the rule. The ends of lines that are no part of the text are left out, and then all forms are looked for.
    private static string MaskByHand(byte[] text, string[] values)
    {
        var covered = new bool[text.Length];
        Cover([.. Enumerable.Range(0, text.Length)], values.SelectMany(SecretForms.Of));
        Cover([.. IndexesWithoutEnds(text)], values.SelectMany(SecretForms.Base64Of));
        var masked = new StringBuilder();
        for (var at = 0; at < text.Length; at++)
        {
            var goesOn = at > 0 && covered[at - 1] && text[at - 1] != '\n';
            masked.Append(!covered[at] || text[at] == '\n' ? ((char)text[at]).ToString() : goesOn ? "" : "***");
        }

        return masked.ToString();

        void Cover(int[] indexes, IEnumerable<string> forms)
        {
            var bytes = indexes.Select(index => text[index]).ToArray();
            foreach (var form in forms.Select(Encoding.UTF8.GetBytes))
            {
                for (var at = 0; at + form.Length <= bytes.Length; at++)
                {
                    if (bytes.AsSpan(at, form.Length).SequenceEqual(form))
                    {
                        covered.AsSpan(indexes[at]..(indexes[at + form.Length - 1] + 1)).Fill(true);
                    }
                }
            }
        }
    }

    private static IEnumerable<int> IndexesWithoutEnds(byte[] text)
    {
        var digits = 0;
        for (var at = 0; at < text.Length; at++)
        {
            var feed = text[at] == '\r' ? at + 1 : at;
            if (digits >= WrappedBase64.LeastLine && feed < text.Length && text[feed] == '\n')
            {
                at = feed;
                while (at + 1 < text.Length && text[at + 1] is (byte)' ' or (byte)'\t')
                {
                    at++;
                }

                digits = 0;
                continue;
            }

            digits = char.IsAsciiLetterOrDigit((char)text[at]) || "+/-_".Contains((char)text[at]) ? digits + 1 : 0;
            yield return at;
        }
    }

    private static byte[] Stream(string[] values, byte[] bytes, int[] cuts)
    {
        var mask = new StreamMask(Masker.Of(values));
        var masked = new List<byte>();
        for (int at = 0, cut = 0; at < bytes.Length; cut++)
        {
            var length = Math.Min(cuts[cut % cuts.Length], bytes.Length - at);
            masked.AddRange(mask.Add(bytes.AsMemory(at, length)).ToArray());
            at += length;
        }

        return [.. masked, .. mask.End().ToArray()];
    }
}
