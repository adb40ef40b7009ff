"""Choice of the language of a page."""

import pytest

from referral_intake.web import http
from referral_intake.web.language import best_language
from tests.support import events

OFFERED = ("en", "es")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("es", "es"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("en-US,en;q=0.9,es;q=0.8", "en"),
        ("fr-FR,fr;q=0.9,es;q=0.5,en;q=0.3", "es"),
        ("ES", "es"),
        ("*", "en"),
        ("es;q=0, *", "en"),
        ("de", None),
        ("", None),
        (";;;,,q=,es;q=x", None),
    ],
)
def test_the_preferred_language_among_the_offered_ones_is_used(header: str, expected: str | None) -> None:
    assert best_language(header, OFFERED) == expected


@pytest.mark.parametrize(("query", "expected"), [("lang=en", "en"), ("lang=es", "es"), ("lang=xx", "es"), ("", "es")])
def test_an_explicit_choice_outranks_the_browser_setting(query: str, expected: str) -> None:
    event = events.request("GET /api/opt-out", query=query, accept_language="es-MX")
    assert http.language(event, OFFERED) == expected
