"""Failures of external services. Adapters raise them."""


class Unavailable(Exception):
    """A service did not answer, or asked to slow down. Retry later."""


class Conflict(Unavailable):
    """Another request was writing the same items, so nothing was written. Retry at once."""


class Throttled(Unavailable):
    """The table was too busy, so nothing was written. Retry after a pause."""


class NoIdentifier(ValueError):
    """A fact can't be stored, because the doctor has no identifier."""


class NothingToTakeBack(ValueError):
    """No opt-out, complaint or decision is in effect that this request may take back."""


class Stale(Exception):
    """The referral has changed since it was read. The request that changed it handles it."""
