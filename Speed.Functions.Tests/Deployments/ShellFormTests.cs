using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Deployments;

/// <summary>Drives a process: bash, then dash, prints any value in quotes or escaped, and nothing of it is seen.</summary>
public sealed class ShellFormTests
{
    private static readonly Gen<string[]> Values = Gen
        .Char["abcZ9 +/\"\\&<>'%=é€$`!#\t~*()@,:;?[]{}^|-._\n\r\u0001\u001b\u007f\u0085"].Array[6, 24]
        .Select(chars => new string(chars)).Array[300];

    private const string Bash = """
        for x; do
          printf '%q\0' "$x"; printf '%s\0' "${x@Q}"
          unset y; declare -- y="$x"; declare -p y; printf '\0'
          z="$x"; set; printf '\0'; unset z
          export z="$x"; export -p; printf '\0'; unset z
        done
        """;

    private const string Dash = """
        for x; do
          z="$x"; set; printf '\0'
          export z; export -p; printf '\0'; unset z
        done
        """;

    // By what each says, in this order. What stands between the quotes may have several lines, and dash opens no new quotes
    // behind the last quote of a value.
    private const string Masked = @"\n*\*\*\*(\n+\*\*\*)*\n*";

    private static readonly string[] SaidByBash =
    [
        @$"^(\\?{Masked}|\$'{Masked}')$",
        @$"^\$?'{Masked}'$",
        @$"^declare -- y=(""{Masked}""|\$'{Masked}')\n$",
        @$"(^|\n)z=({Masked}|\$?'{Masked}')\n",
        @$"(^|\n)declare -x z=(""{Masked}""|\$'{Masked}')\n",
    ];

    private static readonly string[] SaidByDash = [@$"(^|\n)z='{Masked}'?\n", @$"(^|\n)export z='{Masked}'?\n"];

    [Theory]
    [InlineData("C")]
    [InlineData("C.UTF-8")]
    public void Nothing_is_seen_of_what_bash_prints(string locale) =>
        Values.Sample(values => IsMasked("bash", Bash, locale, values, SaidByBash), iter: 3, threads: 1);

    [Fact]
    public void Nothing_is_seen_of_what_dash_prints() =>
        Values.Sample(values => IsMasked("dash", Dash, "C", values, SaidByDash), iter: 3, threads: 1);

    private static void IsMasked(string shell, string script, string locale, string[] values, string[] said)
    {
        var printed = Run(shell, script, locale, values).Split('\0');

        Assert.Equal((values.Length * said.Length) + 1, printed.Length);
        for (var at = 0; at < printed.Length - 1; at++)
        {
            var value = values[at / said.Length];
            var masked = Masker.Of([value]).Mask(printed[at]);
            Assert.True(
                Regex.IsMatch(masked, said[at % said.Length], RegexOptions.CultureInvariant),
                $"{Convert.ToHexString(Encoding.UTF8.GetBytes(value))} {value} was printed as {printed[at]} and masked {masked}");
        }
    }

    // All values by one process.
    private static string Run(string shell, string script, string locale, string[] values)
    {
        var start = new ProcessStartInfo(shell, ["-c", script, shell, .. values])
        {
            RedirectStandardOutput = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        start.Environment.Clear();
        start.Environment["LC_ALL"] = locale;
        start.Environment["PATH"] = "/usr/bin:/bin";
        using var process = Process.Start(start)!;
        var printed = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return printed;
    }
}
