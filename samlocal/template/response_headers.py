"""Read the response headers policies of CloudFront, so that browsers apply the same restrictions locally."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from samlocal.template.intrinsics import TemplateError
from samlocal.template.properties import Properties


def read(policy: Properties) -> dict[str, str]:
    """Return the headers of one response headers policy. Raise TemplateError for settings that are not supported."""
    config = policy.take("ResponseHeadersPolicyConfig")
    if unknown := config.keys() - {"Name", "Comment", "SecurityHeadersConfig", "CustomHeadersConfig"}:
        raise TemplateError(f"{policy.where}: the local stack does not support {', '.join(sorted(unknown))}")
    own = config.get("CustomHeadersConfig", {}).get("Items", [])
    security = config.get("SecurityHeadersConfig", {})
    return {
        **{name: value for kind, header in security.items() for name, value in _security(kind, header, policy.where)},
        **{item["Header"]: item["Value"] for item in own},
    }


def of_paths(
    distributions: Iterable[Mapping[str, Any]], policies: Mapping[str, Mapping[str, str]]
) -> tuple[Mapping[str, str], tuple[tuple[str, Mapping[str, str]], ...]]:
    """Return the default headers, and the headers by path pattern. The first matching pattern applies."""
    config: Mapping[str, Any] = next(iter(distributions), {}).get("DistributionConfig", {})
    own = [(one["PathPattern"], _policy(one, policies)) for one in config.get("CacheBehaviors", ())]
    return _policy(config.get("DefaultCacheBehavior", {}), policies), tuple(own)


def _policy(behavior: Mapping[str, Any], policies: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    reference = behavior.get("ResponseHeadersPolicyId", {})
    # Managed policies of AWS are referenced by id and are ignored.
    return policies.get(reference.get("Ref", ""), {}) if isinstance(reference, dict) else {}


def _security(kind: str, header: dict[str, Any], where: str) -> Iterator[tuple[str, str]]:
    match kind:
        case "ContentSecurityPolicy":
            yield "Content-Security-Policy", header["ContentSecurityPolicy"]
        case "ContentTypeOptions":
            yield "X-Content-Type-Options", "nosniff"
        case "FrameOptions":
            yield "X-Frame-Options", header["FrameOption"]
        case "ReferrerPolicy":
            yield "Referrer-Policy", header["ReferrerPolicy"]
        case "StrictTransportSecurity":
            # Harmless locally, because browsers ignore this header without TLS.
            subdomains = "; includeSubDomains" if _is_true(header.get("IncludeSubdomains")) else ""
            preload = "; preload" if _is_true(header.get("Preload")) else ""
            yield "Strict-Transport-Security", f"max-age={header['AccessControlMaxAgeSec']}{subdomains}{preload}"
        case _:
            raise TemplateError(f"{where}: the local stack does not support {kind}")


def _is_true(value: object) -> bool:
    # A parameter is a string, which CloudFormation converts.
    return str(value).lower() == "true"
