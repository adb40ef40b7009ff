"""Browsers of marketing users in front of the complete system, and referrals for them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

from playwright.sync_api import Browser, Page, expect

from local.stack import LocalStack
from tests.support import samples
from tests.support.proofs import with_proof_for_stack
from tests.support.waiting import CEILING


@contextmanager
def signed_out(browser: Browser, stack: LocalStack) -> Iterator[Page]:
    """A signed-out browser on a desktop. Fails on errors in the console and on requests to other origins."""
    problems: list[str] = []
    context = browser.new_context(base_url=stack.url, viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(1000 * CEILING)
    page = context.new_page()
    page.on("console", lambda said: problems.append(said.text) if _is_problem(said.type, said.text) else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda asked: problems.append(asked.url) if not _is_ours(asked.url, stack) else None)
    yield page
    context.close()
    assert problems == []


def _is_ours(url: str, stack: LocalStack) -> bool:
    # A report file comes from its bucket, by a presigned link.
    return url.startswith(stack.url) or "X-Amz-Signature=" in url


def _is_problem(kind: str, text: str) -> bool:
    return kind == "error" and "Failed to load resource" not in text


def sign_in(page: Page, who: str, address: str = "/dashboard/") -> Page:
    page.goto(address)
    page.get_by_role("button", name=f"{who}@team.example").click()
    expect(page.locator(".frame h1")).to_be_visible()
    return page


def refresh(page: Page) -> None:
    """Refreshes the page, as after 20 s or when a user returns to the tab."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def submit_without_proof(stack: LocalStack, name: str, **doctor: Any) -> str:
    """Submits without a proof of work, so that the referral is held. Returns the receipt."""
    return _send(stack, samples.payload(doctor={"name": name, **doctor}))


def submit_with_proof(stack: LocalStack, name: str, **doctor: Any) -> str:
    """Submits an ordinary referral, and returns the receipt."""
    return _send(stack, with_proof_for_stack(stack, samples.payload(doctor={"name": name, **doctor})))


def _send(stack: LocalStack, body: dict[str, Any]) -> str:
    request = Request(f"{stack.url}/api/referrals", json.dumps(body).encode(), {"content-type": "application/json"})
    with urlopen(request, timeout=CEILING) as answer:
        receipt: str = json.load(answer)["receipt"]
    return receipt
