"""Variants of a page. `make test` checks the first of each, and `make long` the others."""

from typing import Any

import pytest

from tests.support.samples import campaign


def first_of(*values: str) -> list[Any]:
    """Parameters of a test or fixture: the first value, and the others for `make long`."""
    first, *others = values
    return [first, *(pytest.param(one, marks=pytest.mark.long) for one in others)]


# Languages differ only in their texts.
LOCALES = first_of(*campaign().locales)
in_every_language = pytest.mark.parametrize("locale", LOCALES)
# A phone is as narrow as a desktop at 400%.
on_phone_and_desktop = pytest.mark.parametrize("axe_at", first_of("400%", "100%"))
on_desktop_and_phone = pytest.mark.parametrize("axe_at", first_of("100%", "400%"))
