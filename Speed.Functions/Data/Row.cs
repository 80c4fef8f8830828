using Microsoft.Data.Sqlite;

namespace Speed.Data;

/// <summary>One row, read column by column in the order of the SELECT.</summary>
internal sealed class Row(SqliteDataReader reader)
{
    private int _column;

    public long Long() => reader.GetInt64(_column++);

    public int Int() => reader.GetInt32(_column++);

    public string Text() => reader.GetString(_column++);

    public bool Flag() => reader.GetInt64(_column++) != 0;

    public DateTimeOffset Time() => DateTimeOffset.FromUnixTimeMilliseconds(Long());

    public byte[] Bytes() => reader.GetFieldValue<byte[]>(_column++);

    public T Word<T>()
        where T : struct, Enum => Enum.Parse<T>(Text(), ignoreCase: true);

    public long? LongOrNull() => SkipNull() ? null : Long();

    public int? IntOrNull() => SkipNull() ? null : Int();

    public string? TextOrNull() => SkipNull() ? null : Text();

    public DateTimeOffset? TimeOrNull() => SkipNull() ? null : Time();

    public byte[]? BytesOrNull() => SkipNull() ? null : Bytes();

    public T? WordOrNull<T>()
        where T : struct, Enum => SkipNull() ? null : Word<T>();

    private bool SkipNull()
    {
        if (!reader.IsDBNull(_column))
        {
            return false;
        }

        _column++;
        return true;
    }
}
