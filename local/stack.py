"""Define the local stack of referral-intake: its template, parameters, site, pages and sample registry."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from local.local_pages import REGISTRY_PATH, LocalPages
from local.registry import Registry
from local.site_build import SETTINGS, Build, build_with_cli, dashboard_settings
from samlocal.stack import Stack
from samlocal.template.model import Template

ROOT = Path(__file__).resolve().parent.parent
NAME = "referral-intake"


class LocalStack(Stack):
    """The local stack, for example `with LocalStack() as stack: get(stack.url)`.

    `build_site` writes the site. `fill` is called with the stack before event sources run. Other options are those of
    Stack.
    """

    def __init__(
        self,
        *,
        template_file: Path = ROOT / "infra" / "template.yaml",
        build_site: Build = build_with_cli,
        fill: Callable[["LocalStack"], None] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(template_file, ROOT / ".cache" / "local", name=NAME, **options)
        self.registry = Registry()
        self._build_site = build_site
        self._fill = fill

    def stop(self) -> None:
        # End delayed requests to the registry first, because the server waits for them.
        self.registry.stop()
        super().stop()

    def parameters(self) -> Mapping[str, str]:
        return {
            "SiteUrl": self.url,
            "SenderAddress": "outreach@star-ablation.example",
            "LogLevel": "INFO",
            # All referrals come from one address, and authors preview wording before its approval.
            "ReferralsPerSource": "5000",
            "UnapprovedContent": "send",
            "IntroductionTiming": "immediate",
            "RegistryUrl": self.url + REGISTRY_PATH,
        }

    def build_site(self) -> None:
        if self.template.layers:
            self._build_site(self.template.layers[0], self.site)

    def json_files(self, template: Template) -> Mapping[str, object]:
        settings = dashboard_settings(template)
        return {SETTINGS: settings} if settings else {}

    def pages(self) -> LocalPages:
        return LocalPages(self)

    def fill(self) -> None:
        if self._fill:
            self._fill(self)
