"""Screenshots of every view of the dashboard, on a phone and on a desktop, in light and dark mode."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.e2e.accessibility import Scheme
from tests.e2e.dashboard_fixtures import FakeApi
from tests.e2e.dashboard_site import ORIGIN, DashboardSite

WIDTHS = (390, 1440)


def take(browser: Browser, site: Path, folder: Path, schemes: Sequence[Scheme], *, short: bool) -> None:
    for width in WIDTHS[: 1 if short else None]:
        for scheme in schemes:
            api = FakeApi()
            api.order({"kind": "referrals", "format": "xlsx", "campaign": "lumen", "filter": {"stage": "sent"}})
            looks = {"width": width, "height": 900}
            with browser.new_context(base_url=ORIGIN, viewport=looks, color_scheme=scheme) as context:  # type: ignore[arg-type]
                DashboardSite(site, api).serve(context)
                _take_views(context.new_page(), api, folder, f"{width}-{scheme}", short=short)


def views(api: FakeApi) -> dict[str, str]:
    """Addresses of all views, by name."""
    answered, held, sent = (api.first(of) for of in ("call", "held", None))
    api.group("domain-3fa9c1e2d4b5a697", 30)
    return {
        "overview": "/dashboard/",
        "referrals": "/dashboard/referrals?last=all",
        "referral": f"/dashboard/referrals/{answered}",
        "referral-held": f"/dashboard/referrals/{held}",
        "message": f"/dashboard/referrals/{sent}?message=introduction",
        **{f"work-{kind}": f"/dashboard/work/{kind}" for kind in ("held", "failed", "by_post", "call", "information")},
        "group": "/dashboard/work/held/domain-3fa9c1e2d4b5a697",
        "reports": "/dashboard/reports",
        "settings": "/dashboard/settings",
        "nowhere": "/dashboard/nothing",
    }


def _take_views(page: Page, api: FakeApi, folder: Path, looks: str, *, short: bool) -> None:
    def picture(name: str) -> None:
        expect(page.locator(".frame h1")).to_be_visible()
        expect(page.locator("main .skeleton")).to_have_count(0)
        page.wait_for_timeout(300)  # Charts are drawn a moment later.
        page.screenshot(path=folder / f"{name}-{looks}.png", full_page=True)

    page.goto("/dashboard/")
    page.get_by_role("link", name="Sign in").click()
    for name, address in islice(views(api).items(), 1 if short else None):
        expect(page.locator(".frame h1")).to_be_visible()
        page.goto(address)
        picture(name)
    page.goto("/dashboard/work/held")
    page.get_by_role("button", name="Reject …").first.click()
    picture("question")
    api.failing, api.paused = {"/breakdowns", "/deliverability"}, {"reason": "bounces", "since": "2026-03-01T10:00:00Z"}
    page.goto("/dashboard/")
    picture("paused-and-failed")
    api.failing, api.is_empty = set(), True
    page.goto("/dashboard/")
    picture("empty")
