"""What CloudFront adds to a request on its way to the API: the gateway stands for both."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from samlocal.template.intrinsics import Resolver, TemplateError

_SECRET = re.compile(r"\{\{resolve:secretsmanager:(?P<id>.+):SecretString:(?P<key>[^:}]+)\}\}")


def headers(distributions: Iterable[Mapping[str, Any]], resolver: Resolver) -> tuple[tuple[str, str], ...]:
    """Names and values for the origin that /api/* goes to. What a secret holds is still a dynamic reference."""
    config: Mapping[str, Any] = next(iter(distributions), {}).get("DistributionConfig", {})
    targets = {one.get("TargetOriginId") for one in config.get("CacheBehaviors", ()) if one["PathPattern"] == "/api/*"}
    added = [
        header
        for origin in config.get("Origins", ())
        if origin.get("Id") in targets
        for header in origin.get("OriginCustomHeaders", ())
    ]
    return tuple((one["HeaderName"], str(resolver.resolve(one["HeaderValue"], "Distribution"))) for one in added)


def looked_up(value: str, secret_text: Callable[[str], str]) -> str:
    """With dynamic references replaced by what the secrets hold now, as while deploying; raises TemplateError."""

    def held(match: re.Match[str]) -> str:
        values = json.loads(secret_text(match["id"]))
        if match["key"] not in values:
            raise TemplateError(f"Distribution: the secret has no entry {match['key']}")
        return str(values[match["key"]])

    return _SECRET.sub(held, value)
