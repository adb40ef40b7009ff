"""What CloudFront adds to the static pages: a browser on this machine is to refuse what one out there refuses."""

from local.properties import Properties


def read(policy: Properties) -> dict[str, str]:
    """The headers of one response headers policy. Strict-Transport-Security says nothing to a browser without TLS."""
    security = policy.take("ResponseHeadersPolicyConfig").get("SecurityHeadersConfig", {})
    headers = {}
    if found := security.get("ContentSecurityPolicy"):
        headers["Content-Security-Policy"] = str(found["ContentSecurityPolicy"])
    if found := security.get("ReferrerPolicy"):
        headers["Referrer-Policy"] = str(found["ReferrerPolicy"])
    if "ContentTypeOptions" in security:
        headers["X-Content-Type-Options"] = "nosniff"
    return headers
