"""State that a function's process keeps between events."""

from importlib import import_module

from referral_intake.aws import origin_secret, shared_wiring

FUNCTIONS = ("dashboard", "feedback", "intake", "links", "lookup", "outreach", "reports", "stats", "wake")


def new_process() -> None:
    """Clear all state, as in a new Lambda process."""
    wirings = [import_module(f"referral_intake.{function}.wiring") for function in FUNCTIONS]
    for module in (*wirings, origin_secret, shared_wiring):
        for part in vars(module).values():
            if hasattr(part, "cache_clear"):
                part.cache_clear()
