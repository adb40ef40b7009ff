"""What can go wrong outside and is nobody's fault: raised by adapters."""


class Unavailable(Exception):
    """Something we depend on did not answer, or asked us to slow down. Trying again later is right."""


class Conflict(Unavailable):
    """Somebody else was writing the same at the same moment. Trying again at once is right."""


class Stale(Exception):
    """The referral has changed since it was read: whoever changed it sees to it."""
