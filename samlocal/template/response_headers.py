"""What CloudFront adds to the pages: a browser on this machine is to refuse what one out there refuses."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from samlocal.template.intrinsics import TemplateError
from samlocal.template.properties import Properties


def read(policy: Properties) -> dict[str, str]:
    """The headers of one response headers policy. Raises TemplateError for what it may hold and is not known here."""
    config = policy.take("ResponseHeadersPolicyConfig")
    if unknown := config.keys() - {"Name", "Comment", "SecurityHeadersConfig", "CustomHeadersConfig"}:
        raise TemplateError(f"{policy.where}: the local stack does not know {', '.join(sorted(unknown))}")
    own = config.get("CustomHeadersConfig", {}).get("Items", [])
    security = config.get("SecurityHeadersConfig", {})
    return {
        **{name: value for kind, header in security.items() for name, value in _security(kind, header, policy.where)},
        **{item["Header"]: item["Value"] for item in own},
    }


def of_paths(
    distributions: Iterable[Mapping[str, Any]], policies: Mapping[str, Mapping[str, str]]
) -> tuple[Mapping[str, str], tuple[tuple[str, Mapping[str, str]], ...]]:
    """The headers of most pages, and those of paths that have their own: by pattern, the first that fits."""
    config: Mapping[str, Any] = next(iter(distributions), {}).get("DistributionConfig", {})
    own = [(one["PathPattern"], _policy(one, policies)) for one in config.get("CacheBehaviors", ())]
    return _policy(config.get("DefaultCacheBehavior", {}), policies), tuple(own)


def _policy(behavior: Mapping[str, Any], policies: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    reference = behavior.get("ResponseHeadersPolicyId", {})
    # One of AWS's own goes by an id, and adds nothing here.
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
            # Says nothing to a browser that comes without TLS, so it does no harm here.
            subdomains = "; includeSubDomains" if header.get("IncludeSubdomains") else ""
            preload = "; preload" if header.get("Preload") else ""
            yield "Strict-Transport-Security", f"max-age={header['AccessControlMaxAgeSec']}{subdomains}{preload}"
        case _:
            raise TemplateError(f"{where}: the local stack does not know {kind}")
