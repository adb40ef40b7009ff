"""Read the headers that CloudFront adds to requests for the API. The local gateway adds them too."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from samlocal.template.intrinsics import Resolver, TemplateError

_SECRET = re.compile(r"\{\{resolve:secretsmanager:(?P<id>.+):SecretString:(?P<key>[^:}]+)\}\}")


def headers(distributions: Iterable[Mapping[str, Any]], resolver: Resolver) -> tuple[tuple[str, str], ...]:
    """Return names and values of the custom headers for the origin of /api/*.

    Values from secrets are still dynamic references.
    """
    config: Mapping[str, Any] = next(iter(distributions), {}).get("DistributionConfig", {})
    targets = {one.get("TargetOriginId") for one in config.get("CacheBehaviors", ()) if one["PathPattern"] == "/api/*"}
    added = [
        header
        for origin in config.get("Origins", ())
        if origin.get("Id") in targets
        for header in origin.get("OriginCustomHeaders", ())
    ]
    return tuple((one["HeaderName"], str(resolver.resolve(one["HeaderValue"], "Distribution"))) for one in added)


def resolved(value: str, secret_text: Callable[[str], str]) -> str:
    """Replace dynamic references with the current values of the secrets, as a deployment does.

    Raise TemplateError if a secret lacks the key.
    """

    def held(match: re.Match[str]) -> str:
        values = json.loads(secret_text(match["id"]))
        if match["key"] not in values:
            raise TemplateError(f"Distribution: the secret has no entry {match['key']}")
        return str(values[match["key"]])

    return _SECRET.sub(held, value)
