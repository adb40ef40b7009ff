"""The header value that CloudFront sends, and the callers that are accepted."""

from typing import Any

import pytest

from referral_intake.aws.origin_secret import OriginSecret
from referral_intake.core.errors import Unavailable
from referral_intake.web.origin_check import through_cloudfront
from tests.support import events


class FakeSecrets:
    def __init__(self, *values: bytes) -> None:
        self.held = values
        self.is_down = False

    def values(self, secret_id: str) -> tuple[bytes, ...]:
        if self.is_down:
            raise Unavailable("secrets")
        return self.held


def made(*values: bytes) -> tuple[OriginSecret, FakeSecrets]:
    secrets = FakeSecrets(*values)
    return OriginSecret(secrets, "origin"), secrets  # type: ignore[arg-type]


def test_during_a_rotation_both_values_are_accepted_and_no_other() -> None:
    check, secrets = made(b"old", b"new")
    assert [check.matches(shown) for shown in ("old", "new", "newer", "", "n\u00e9w")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    secrets.held = (b"new",)
    assert not check.matches("old")


def test_a_secret_without_values_accepts_no_caller() -> None:
    assert not made()[0].matches("")


def test_known_values_stay_valid_while_secrets_manager_is_unavailable() -> None:
    check, secrets = made(b"new")
    assert check.matches("new")
    secrets.is_down = True
    assert check.matches("new")
    assert not check.matches("old")


def test_before_any_value_is_known_a_caller_is_asked_to_retry() -> None:
    check, secrets = made(b"new")
    secrets.is_down = True
    with pytest.raises(Unavailable):
        check.matches("new")
    assert ask("new", check)["statusCode"] == 503


@pytest.mark.parametrize(("shown", "status"), [("new", 200), ("old", 403), (None, 403)])
def test_a_handler_is_called_only_for_requests_through_cloudfront(shown: str | None, status: int) -> None:
    assert ask(shown, made(b"new")[0])["statusCode"] == status


def ask(shown: str | None, secret: OriginSecret) -> dict[str, Any]:
    event = events.request("GET /api/challenge", **({} if shown is None else {"x_origin_secret": shown}))
    handler = through_cloudfront(lambda: secret)(lambda _event, _context: {"statusCode": 200})
    return handler(event, None)  # type: ignore[arg-type]
