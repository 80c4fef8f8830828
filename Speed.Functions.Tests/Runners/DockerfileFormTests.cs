using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives nothing but a rule: what is no Dockerfile is told as an engine tells it.</summary>
public sealed class DockerfileFormTests
{
    [Theory]
    [InlineData("version: \"3\"\nservices:\n  web:\n    build: .\n", "line 1: unknown instruction: VERSION:")]
    [InlineData("from flask import Flask\napp = Flask(__name__)\n", "line 1: FROM requires either one or three arguments")]
    [InlineData("#!/usr/bin/env python\nfrom flask\nimport os\n", "line 3: unknown instruction: IMPORT")]
    [InlineData("# a query\nSELECT a\nFROM users\nWHERE a > 1\n", "line 2: unknown instruction: SELECT")]
    [InlineData("From: someone@example.org\nSubject: hello\n", "line 1: unknown instruction: FROM:")]
    [InlineData("FROM no-such-image-of-speed:1\nRUNN true\n", "line 2: unknown instruction: RUNN")]
    [InlineData("FROM a\nFROM b c\nRUNN true\n", "line 2: FROM requires either one or three arguments")]
    [InlineData("FROM a IS b\n", "line 1: FROM requires either one or three arguments")]
    [InlineData("FROM a\nONBUILD RUN true\nMAINTAINER me\nfrom b as c\n", null)]
    [InlineData("FROM --platform=linux/amd64 a AS b\n", null)]
    [InlineData("FROM a\nRUN echo \\\n  from b c\n", null)]
    public void The_first_line_that_no_engine_takes_is_named(string text, string? fault) =>
        Assert.Equal(
            fault is null ? null : $"dockerfile parse error on {fault}",
            DockerfileForm.FindFault(Dockerfile.Parse(text).Instructions));
}
