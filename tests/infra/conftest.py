from tests.rights.suite import may_do_what_it_does, watched

__all__ = ["may_do_what_it_does", "watched"]
