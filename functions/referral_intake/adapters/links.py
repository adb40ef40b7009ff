"""Signed links: what a token names can't be forged, and needs no table to be understood."""

from dataclasses import dataclass

from itsdangerous import BadData, URLSafeSerializer

from referral_intake.adapters.keys import Ring


@dataclass(frozen=True, slots=True)
class OptOut:
    """Who opts out: the doctor's keys in the table, and the referral whose message carried the link."""

    keys: tuple[str, ...]
    campaign: str
    receipt: str


class Links:
    """`site_url` is where links lead to, without a slash at the end."""

    def __init__(self, ring: Ring, site_url: str) -> None:
        self._ring = ring
        self._site_url = site_url

    def opt_out(self, opt_out: OptOut) -> str:
        """The address of the opt-out page and of the one-click POST (RFC 8058). It never expires."""
        said = [list(opt_out.keys), opt_out.campaign, opt_out.receipt]
        return f"{self._site_url}/api/opt-out?token={self._serializer.dumps(said)}"

    def read_opt_out(self, token: str) -> OptOut | None:
        """What the token says, or None where we did not sign it for this purpose."""
        if not token.isascii():
            return None
        try:
            keys, campaign, receipt = self._serializer.loads(token)
        except BadData:
            return None
        return OptOut(tuple(keys), campaign, receipt)

    @property
    def _serializer(self) -> URLSafeSerializer:
        # The salt is the purpose: a token signed for another one does not verify here.
        return URLSafeSerializer(self._ring().oldest_first, salt="opt-out")
