"""What a function's process keeps between events."""

from referral_intake import wiring


def new_process() -> None:
    """As on Lambda when it starts another one: nothing is known from before."""
    for module in (wiring, shared):
        for part in vars(module).values():
            if hasattr(part, "cache_clear"):
                part.cache_clear()
