"""States of the first page that a patient can reach: each state, and how to reach it in any language.

Tests check each state, and `make pictures` takes its screenshot. A new state is a function with `@state`.
"""

from collections.abc import Callable
from itertools import count

from playwright.sync_api import Page, Route

Reach = Callable[[Page], None]
STATES: dict[str, Reach] = {}
_numbers = count(1)


def state(reach: Reach) -> Reach:
    STATES[reach.__name__.replace("_", "-")] = reach
    return reach


@state
def form(page: Page) -> None:
    """An empty form with all sections open."""
    page.locator("[data-open]").first.click()
    for summary in page.locator("#referral summary").all():
        summary.click()


@state
def lookup(page: Page) -> None:
    page.locator("[data-open]").first.click()
    page.locator("#doctor-address-state").select_option("IL")
    page.locator("#doctor-name").press_sequentially("Maria Lopez")
    page.locator("#matches").wait_for()
    page.locator("#doctor-name").press("ArrowDown")


@state
def chosen(page: Page) -> None:
    lookup(page)
    page.locator("#doctor-name").press("Enter")
    page.locator("#chosen").wait_for()


@state
def another_name(page: Page) -> None:
    """The name was changed after a doctor was chosen."""
    chosen(page)
    page.locator("#chosen-change").click()
    page.locator("#doctor-name").fill("Zebulon Quigley")
    page.locator("#lookup-removed button").wait_for()


@state
def suggestion(page: Page) -> None:
    page.locator("[data-open]").first.click()
    page.locator("#doctor-email").press_sequentially("maria@gmial.com")
    page.locator("#doctor-email").blur()
    page.locator("[data-suggestion] button").first.wait_for()


@state
def no_matches(page: Page) -> None:
    page.locator("[data-open]").first.click()
    page.locator("#doctor-address-state").select_option("IL")
    page.locator("#doctor-name").press_sequentially("Zebulon Quigley")
    page.locator("#lookup-said:not(:empty)").wait_for()


@state
def errors(page: Page) -> None:
    form(page)
    page.locator("#doctor-email").fill("maria@")
    page.locator("#doctor-phone").fill("12")
    page.locator("#doctor-npi").fill("12")
    page.locator("#doctor-address-line1").fill("1401 N Maple Grove Ave")
    submit(page)
    page.locator("#errors li").first.wait_for()


@state
def sending(page: Page) -> None:
    page.route("**/api/referrals", lambda route: None)  # No response yet.
    fill_in(page)
    submit(page)
    page.locator("#referral [type=submit][aria-disabled=true]").wait_for()


@state
def unsent(page: Page) -> None:
    page.route("**/api/referrals", lambda route: route.abort())
    fill_in(page)
    submit(page)
    page.locator(".notice").wait_for()


@state
def conflict(page: Page) -> None:
    def refuse(route: Route) -> None:
        route.fulfill(status=409, json={"status": 409, "errors": []})

    page.route("**/api/referrals", refuse)
    fill_in(page)
    submit(page)
    page.locator(".notice").wait_for()


@state
def thanks(page: Page) -> None:
    fill_in(page)
    submit(page)
    page.locator("[data-receipt]").wait_for()


def fill_in(page: Page) -> None:
    page.locator("[data-open]").first.click()
    page.locator("#submitted_by").check()
    page.locator("#doctor-name").fill("Maria Lopez")
    page.locator("#doctor-email").fill(f"maria.{next(_numbers)}@states.example")


def submit(page: Page) -> None:
    page.locator("#referral [type=submit]").click()
