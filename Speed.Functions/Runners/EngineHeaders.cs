using System.Text;

namespace Speed.Runners;

/// <summary>
/// How the values of an engine's headers are read: a byte is a character, and one that ends a line elsewhere is the picture of
/// itself. In a session the engine names the files that a COPY asks for, and of those it percent-encodes what is no ASCII
/// (moby/buildkit session/filesync, encodeStringForHeader) and a line feed not at all: a server would end the connection for it.
/// </summary>
internal sealed class EngineHeaders : Encoding
{
    // Of Unicode's pictures of control characters.
    private const int Pictures = 0x2400;

    public override int GetMaxByteCount(int charCount) => charCount;

    public override int GetMaxCharCount(int byteCount) => byteCount;

    public override int GetByteCount(char[] chars, int index, int count) => count;

    public override int GetCharCount(byte[] bytes, int index, int count) => count;

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex)
    {
        for (var i = 0; i < charCount; i++)
        {
            var one = chars[charIndex + i];
            bytes[byteIndex + i] = (byte)(one >= Pictures ? one - Pictures : one);
        }

        return charCount;
    }

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex)
    {
        for (var i = 0; i < byteCount; i++)
        {
            var one = bytes[byteIndex + i];
            chars[charIndex + i] = (char)(one < ' ' ? Pictures + one : one);
        }

        return byteCount;
    }
}
