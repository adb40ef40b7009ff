"""Add the pages of this product to /_local/: the list of referrals, letters, and the sample registry of doctors."""

from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from local.referral_rows import is_referral, referral_rows
from samlocal.console import page_data
from samlocal.console.console_pages import Pages

if TYPE_CHECKING:
    from local.stack import LocalStack

REGISTRY_PATH = "/_local/registry/"


class LocalPages(Pages):
    own_routes = (
        Rule("/_local/letters/<receipt>", endpoint="letter", methods=["GET"]),
        Rule(REGISTRY_PATH, endpoint="registry", methods=["GET"]),
    )
    own_templates = Path(__file__).parent / "templates"

    def __init__(self, stack: "LocalStack") -> None:
        super().__init__(stack)
        self._registry = stack.registry

    def _on_table(self, _: Request) -> Response:
        tables = {}
        for table in self._stack.template.tables.values():
            items = page_data.items(self._stack.cloud, table.name)
            tables[table.name] = (referral_rows(items), [item for item in items if not is_referral(item)])
        return self._page("table.html", tables=tables)

    def _on_letter(self, _: Request, receipt: str) -> Response:
        # Imported here, because Typst is large and only needed for letters.
        from local.letter_preview import letter

        made = letter(receipt, self._stack.clock.now())
        if isinstance(made, str):
            return Response(f"There is no letter: {made}.\n", 404, content_type="text/plain; charset=utf-8")
        return Response(made, content_type="application/pdf")

    def _on_registry(self, request: Request) -> Response:
        return self._registry.answer(request)
