namespace Speed;

internal static class Placeholder
{
    private static void Main()
    {
    }
}
