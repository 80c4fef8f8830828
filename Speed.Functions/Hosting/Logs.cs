using Microsoft.Extensions.Logging;

namespace Speed.Hosting;

/// <summary>What is printed, under either host.</summary>
internal static class Logs
{
    public static void Add(ILoggingBuilder logging)
    {
        logging.AddSimpleConsole(console => console.SingleLine = true);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        // What keeps SPEED from starting is said once, by Program: these two would add a stack trace each.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel", level => level is LogLevel.Warning or LogLevel.Error);
    }
}
