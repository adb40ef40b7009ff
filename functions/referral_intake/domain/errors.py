"""What can go wrong outside and is nobody's fault: raised by adapters, from the error they met."""


class Unavailable(Exception):
    """Something we depend on did not answer, or asked us to slow down. Trying again later is right."""
