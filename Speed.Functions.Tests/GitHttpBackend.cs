using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Speed.Tests;

/// <summary>Answers one request through <c>git http-backend</c>, which speaks CGI.</summary>
internal static class GitHttpBackend
{
    public static async Task AnswerAsync(
        HttpContext context, string root, bool isOld, CancellationToken cancellationToken)
    {
        using var process = Process.Start(Command(context.Request, root, isOld))!;
        try
        {
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            var sending = SendAsync(context.Request, process, cancellationToken);
            var output = new BufferedStream(process.StandardOutput.BaseStream);
            ReadHeaders(output, context.Response);
            await output.CopyToAsync(context.Response.Body, cancellationToken);
            await sending;
            await errors;
            await process.WaitForExitAsync(cancellationToken);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    /// <summary>True for the request that objects answer, in either version of the protocol.</summary>
    public static async Task<bool> AsksForPackAsync(HttpRequest request)
    {
        if (request.Method != HttpMethods.Post)
        {
            return false;
        }

        request.EnableBuffering();
        using var reader = new StreamReader(request.Body, Encoding.Latin1, leaveOpen: true);
        var body = await reader.ReadToEndAsync();
        request.Body.Position = 0;
        return !body.Contains("command=ls-refs", StringComparison.Ordinal);
    }

    private static ProcessStartInfo Command(HttpRequest request, string root, bool isOld)
    {
        var command = GitCli.Command(root, "http-backend");
        var environment = command.Environment;
        environment["GIT_PROJECT_ROOT"] = root;
        environment["GIT_HTTP_EXPORT_ALL"] = "1";
        environment["REQUEST_METHOD"] = request.Method;
        environment["PATH_INFO"] = request.Path.Value;
        environment["QUERY_STRING"] = request.QueryString.Value?.TrimStart('?');
        environment["REMOTE_ADDR"] = "127.0.0.1";
        environment["CONTENT_TYPE"] = request.ContentType ?? "";
        environment["HTTP_CONTENT_ENCODING"] = request.Headers.ContentEncoding.ToString();
        if (!isOld)
        {
            environment["GIT_PROTOCOL"] = request.Headers["Git-Protocol"].ToString();
        }

        return command;
    }

    private static async Task SendAsync(HttpRequest request, Process process, CancellationToken cancellationToken)
    {
        try
        {
            await request.Body.CopyToAsync(process.StandardInput.BaseStream, cancellationToken);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It had read enough to answer.
        }
    }

    private static void ReadHeaders(Stream output, HttpResponse response)
    {
        while (ReadLine(output) is { Length: > 0 } line)
        {
            var (name, value) = (line[..line.IndexOf(':')], line[(line.IndexOf(':') + 1)..].Trim());
            if (name == "Status")
            {
                response.StatusCode = int.Parse(value[..3]);
            }
            else
            {
                response.Headers[name] = value;
            }
        }
    }

    private static string ReadLine(Stream output)
    {
        var line = new StringBuilder();
        for (var next = output.ReadByte(); next is not (-1 or '\n'); next = output.ReadByte())
        {
            line.Append((char)next);
        }

        return line.ToString().TrimEnd('\r');
    }
}
