using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Speed.Security;

/// <summary>Keys as text: 256 random bits each, and what is kept of them.</summary>
internal static class KeyText
{
    public const string TokenPrefix = "spd_";
    private const int IdBytes = 6;
    private const int KeyBytes = 32;

    /// <summary>Bytes of what is kept of a key.</summary>
    public const int HashLength = SHA256.HashSizeInBytes;

    /// <summary>43 characters of base64url.</summary>
    public static string New() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(KeyBytes));

    /// <summary>12 lower-case hex digits.</summary>
    public static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes));

    public static string Token(string id) => $"{TokenPrefix}{id}_{New()}";

    /// <summary>Null for what has not the form of a token.</summary>
    public static string? IdIn(string token) =>
        token.StartsWith(TokenPrefix, StringComparison.Ordinal)
        && token.Length > TokenPrefix.Length + (2 * IdBytes)
        && token[TokenPrefix.Length + (2 * IdBytes)] == '_'
            ? token.Substring(TokenPrefix.Length, 2 * IdBytes)
            : null;

    public static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
