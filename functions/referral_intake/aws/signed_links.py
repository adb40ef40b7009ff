"""Signed links: a token can't be forged, and reading it needs no table."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

from referral_intake.aws.keys import Ring
from referral_intake.core.opt_outs import UNDO_WITHIN, OptOut

# Longer than a doctor is expected to keep a message.
ANSWER_WITHIN = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Link:
    """The content of a link: the doctor's keys in the table, and the referral whose message has the link.

    `is_printed` says that it is the code of a printed letter.
    """

    keys: tuple[str, ...]
    campaign: str
    receipt: str
    is_printed: bool = False


class Links:
    """`site_url` is the base of all links, without a trailing slash."""

    def __init__(self, ring: Ring, site_url: str) -> None:
        self._ring = ring
        self._site_url = site_url

    def opt_out(self, link: Link) -> str:
        """Return the URL of the opt-out page and of the one-click POST (RFC 8058). It never expires."""
        return self._url("opt-out", link, expires=None)

    def answer(self, link: Link, now: datetime) -> str:
        """Return the URL of the page where the doctor answers."""
        return self._url("answer", link, expires=now + ANSWER_WITHIN)

    def read(self, purpose: str, token: str, now: datetime) -> Link | None:
        """Return the content of a token, or None if it is expired or was not signed for this purpose."""
        if not token.isascii():
            return None
        try:
            keys, campaign, receipt, expires, *printed = self._serializer(purpose).loads(token)
        except (BadData, ValueError, TypeError):  # Forged, or with other content than a link has.
            return None
        if expires is not None and datetime.fromtimestamp(expires, UTC) < now:
            return None
        return Link(tuple(keys), campaign, receipt, is_printed=bool(printed))

    def undo(self, opt_out: OptOut) -> str:
        """Return a token that undoes this opt-out. It is for the body of a request, so that no log has it."""
        return self._serializer("undo").dumps([opt_out.name, opt_out.receipt, opt_out.at.isoformat()])

    def read_undo(self, token: str, link: Link, now: datetime) -> OptOut | None:
        """Return the opt-out that the token undoes, if it came through this link and not too long ago."""
        if not token.isascii():
            return None
        try:
            name, receipt, at = self._serializer("undo").loads(token)
            opt_out = OptOut(name, receipt, datetime.fromisoformat(at))
        except (BadData, ValueError, TypeError):
            return None
        return opt_out if receipt == link.receipt and now <= opt_out.at + UNDO_WITHIN else None

    def _url(self, purpose: str, link: Link, expires: datetime | None) -> str:
        payload = [list(link.keys), link.campaign, link.receipt, expires and int(expires.timestamp())]
        # Only if it is printed, because every character makes the code of a letter larger.
        payload += [1] if link.is_printed else []
        return f"{self._site_url}/api/{purpose}?token={self._serializer(purpose).dumps(payload)}"

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        # The salt is the purpose, so a token for another purpose is invalid.
        return URLSafeSerializer(self._ring().oldest_first, salt=purpose)
