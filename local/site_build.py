"""Build the static site from the templates. If the build fails, the existing pages stay."""

import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from samlocal.runtime.terminal import Terminal
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


def rebuild(build: Build, templates: Path, site: Path, terminal: Terminal) -> None:
    """Build the site, or log an error. It may be served meanwhile, because `build` replaces whole files."""
    site.mkdir(parents=True, exist_ok=True)
    try:
        build(templates, site)
    except Exception:  # noqa: BLE001  (a template may raise any error)
        reason = traceback.format_exc().rstrip()
        terminal.say(f"The build of the site failed. The site was not changed.\n{reason}", "ERROR", "site")
