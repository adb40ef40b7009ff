"""The address of the site, which links in messages start with. It must open the stack's own distribution."""

from collections.abc import Mapping

from cli.errors import CommandError

# The template's default: CloudFront assigns a name only in the first deployment.
UNKNOWN = "https://not-yet.invalid"


def site_url(parameters: Mapping[str, str], distribution: str | None) -> str:
    """Return the parameter SiteUrl. `distribution` is the address at CloudFront, or None before the first deployment.

    Raise CommandError if samconfig.toml has an address that does not open the site.
    """
    given, domain = parameters.get("SiteUrl"), parameters.get("SiteDomain")
    own = f"https://{domain}" if domain else distribution or UNKNOWN
    if given in {None, own, distribution}:
        return given or own
    instead = f'"SiteDomain={given.removeprefix("https://")}" and "CertificateArn=..."' if given else "SiteDomain"
    raise CommandError(
        f"SiteUrl={given} does not open this site, so links in messages would not work. In samconfig.toml, replace it "
        f'by {instead}, or leave it out. See docs/deploy.md, "Your own domain".'
    )
