using Microsoft.Data.Sqlite;
using Speed.Deployments;
using static SQLitePCL.raw;

namespace Speed.Data;

/// <summary>Which of SQLite's faults are the disk's or a foreign process's: judged by code, never by text.</summary>
internal static class SqliteFaults
{
    extension(SqliteException fault)
    {
        /// <summary>True if the same call may succeed later.</summary>
        public bool IsPassing => fault.SqliteErrorCode is SQLITE_BUSY or SQLITE_LOCKED or SQLITE_READONLY
            or SQLITE_IOERR or SQLITE_FULL or SQLITE_CANTOPEN or SQLITE_PROTOCOL;

        /// <summary>True if there was no room: for the file, its log, or the index of the log in shared memory.</summary>
        public bool IsFullDisk =>
            fault.SqliteErrorCode == SQLITE_FULL || fault.SqliteExtendedErrorCode == SQLITE_IOERR_SHMSIZE;

        /// <summary>True if the file is not what SQLite wrote.</summary>
        public bool IsDamage => fault.SqliteErrorCode is SQLITE_CORRUPT or SQLITE_NOTADB;

        public StoreUnavailableException ToUnavailable(string path) => new(
            fault.SqliteErrorCode switch
            {
                SQLITE_BUSY or SQLITE_LOCKED => $"{path} is locked by another process. End that one and try again.",
                _ when fault.IsFullDisk => $"The disk under {path} is full. Free some space and try again.",
                _ => $"{path} cannot be read or written (SQLite code {fault.SqliteExtendedErrorCode}). Check the disk "
                    + "and the rights of this account, and try again.",
            },
            fault);
    }
}
