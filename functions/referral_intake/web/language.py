"""Choose a language by the browser's Accept-Language header (RFC 9110, 12.5.4)."""

from collections.abc import Sequence


def best_language(accept_language: str, offered: Sequence[str]) -> str | None:
    """Return the offered language with the highest quality value, or None if the header accepts none of them."""
    wanted = [_range(part) for part in accept_language.split(",")]
    ranked = {locale: _quality(locale, wanted) for locale in offered}
    found = max(offered, key=lambda locale: ranked[locale])
    return found if ranked[found] > 0 else None


def _range(text: str) -> tuple[str, float]:
    """Parse `es-MX;q=0.8` as ("es", 0.8). The region is ignored."""
    tag, _, parameters = text.partition(";")
    try:
        quality = float(parameters.partition("=")[2] or 1)
    except ValueError:
        quality = 0.0
    return tag.strip().partition("-")[0].casefold(), quality


def _quality(locale: str, wanted: Sequence[tuple[str, float]]) -> float:
    exact = [quality for tag, quality in wanted if tag == locale]
    return max(exact) if exact else max((quality for tag, quality in wanted if tag == "*"), default=0.0)
