"""Define the error that ends a command with exit code 1."""


class CommandError(Exception):
    """A command failed. The message gives the reason and is printed to stderr."""
