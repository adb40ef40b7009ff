"""Build the static site from the templates."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

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
    loaded = _remove_cli()
    try:
        from cli.site import builder

        builder.build(templates, out)
    finally:
        # The rest of the process keeps its modules: two of the same name would not share their state.
        _remove_cli()
        sys.modules.update(loaded)


def _remove_cli() -> dict[str, ModuleType]:
    """Remove the modules of `cli`, so that the next import reads the files again. Return them."""
    return {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "cli"}
