"""Build the static site from the templates."""

import sys
from collections.abc import Callable
from pathlib import Path

from samlocal.template.model import Template

SETTINGS = "/dashboard/config.json"
Build = Callable[[Path, Path], object]


def dashboard_settings(template: Template) -> dict[str, str] | None:
    """Return the settings that `referrals site` writes for a deployed stack, for the first client, or None."""
    for pool in template.pools:
        for client in pool.clients:
            return {"authority": pool.issuer, "client_id": client.id, "sign_in": pool.issuer.rpartition("/")[0]}
    return None


def build_with_cli(templates: Path, out: Path) -> None:
    """Build the site as `referrals site` does, with the current code."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "cli"]:
        del sys.modules[name]
    from cli.site import builder

    builder.build(templates, out)
