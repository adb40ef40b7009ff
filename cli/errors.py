"""The error that ends a command with exit code 1."""


class CommandError(Exception):
    """The command can't do what was asked. The message goes to stderr and says why."""
