"""What CloudFront shows for a request to be its own: a value that it and this stack alone know."""

import hmac

from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError, TransformParameterError

from referral_intake.adapters.secrets import Secrets
from referral_intake.domain.errors import Unavailable


class Edge:
    def __init__(self, secrets: Secrets, secret_id: str) -> None:
        self._secrets = secrets
        self._secret_id = secret_id
        self._known: tuple[bytes, ...] = ()

    def sent(self, shown: str) -> bool:
        """Whether this is one of the values that hold now: two of them while they rotate. Raises Unavailable."""
        given = shown.encode(errors="replace")
        # All are compared, each in constant time: how long it took tells neither a value nor how many there are.
        return sum([hmac.compare_digest(given, value) for value in self._values()]) > 0

    def _values(self) -> tuple[bytes, ...]:
        try:
            self._known = self._secrets.values(self._secret_id)
        except (GetParameterError, TransformParameterError) as error:
            # What held a while ago is good enough, for as long as Secrets Manager doesn't answer, or with no JSON.
            if not self._known:
                raise Unavailable("secrets") from error
        return self._known
