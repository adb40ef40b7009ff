"""The static site, built from the templates. Where that fails, the pages built before stay."""

import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from samlocal.runtime.terminal import Terminal
from samlocal.template.model import Template

SETTINGS = "/dashboard/config.json"
Build = Callable[[Path, Path], object]


def dashboard_settings(template: Template) -> dict[str, str] | None:
    """As `referrals site` writes them for a deployed stack, of the first client that there is."""
    for pool in template.pools:
        for client in pool.clients:
            return {"authority": pool.issuer, "client_id": client.id, "sign_in": pool.issuer.rpartition("/")[0]}
    return None


def build_with_cli(templates: Path, out: Path) -> None:
    """As `referrals site` builds it, with the code as it is now."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "cli"]:
        del sys.modules[name]
    from cli.site import builder

    builder.build(templates, out)


def rebuild(build: Build, templates: Path, site: Path, terminal: Terminal) -> None:
    """`build` replaces file by file, so this may happen while the site is served."""
    site.mkdir(parents=True, exist_ok=True)
    try:
        build(templates, site)
    except Exception:  # noqa: BLE001  (whatever a template may raise)
        reason = traceback.format_exc().rstrip()
        terminal.say(f"The site can't be built; it stays as it was.\n{reason}", "ERROR", "site")
