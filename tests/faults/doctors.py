"""What doctors do: answer a message, and opt out."""

import re
from urllib.parse import urlencode

from referral_intake.core.referral import Answer
from referral_intake.dashboard.action_types import Action
from tests.faults import managers
from tests.faults.simulation import MAX_ATTEMPTS, Simulation
from tests.support import events


def opt_out(simulation: Simulation, doctor: str) -> None:
    """The doctor uses the one-click opt-out of the latest message, if any (RFC 8058)."""
    url = simulation.mail.opt_out_url(doctor)
    if url is None:
        return
    _send_form(simulation, url, "POST /api/opt-out", "List-Unsubscribe=One-Click")
    simulation.checks.note_opt_out(doctor)


def opt_out_on_the_page(simulation: Simulation, doctor: str) -> str:
    """The doctor opts out on the page of the latest message's link. Returns the token that undoes it."""
    url = simulation.mail.opt_out_url(doctor)
    assert url, "the doctor has a message"
    page = _send_form(simulation, url, "POST /api/opt-out", "scope=all")
    simulation.checks.note_opt_out(doctor)
    [token] = re.findall(r'name="undo" value="([^"]+)"', page)
    return str(token)


def undo_opt_out(simulation: Simulation, doctor: str, token: str) -> None:
    """The doctor presses the button of the page that confirmed the opt-out."""
    url = simulation.mail.opt_out_url(doctor)
    assert url, "the doctor has a message"
    # Before the request, because the doctor may opt out again while it is handled.
    simulation.checks.note_opt_in(doctor)
    _send_form(simulation, url, "POST /api/opt-out", urlencode({"undo": token}))


def opt_out_by_phone(simulation: Simulation, receipt: str, *, outdated_by: int = 0) -> None:
    """The doctor calls, and wants no more messages.

    This also applies to every doctor with this name and phone, unless a manager decided that it is another doctor.
    """
    status = managers.act(simulation, receipt, Action.WANTS_NO_MORE, outdated_by=outdated_by, channel="phone")
    if status == 200:
        phone = simulation.state.referral(receipt)["doctor"].get("phone")
        same = {one.doctor for one in simulation.accepted if phone and one.payload["doctor"].get("phone") == phone}
        caller = simulation.checks.doctor_of(receipt)
        if phone:
            simulation.checks.declined_phones[phone] = caller
        for doctor in same | {caller}:
            if frozenset({caller, doctor}) not in simulation.checks.separated:
                simulation.checks.note_opt_out(doctor)


def answer(simulation: Simulation, doctor: str, answer: Answer) -> None:
    """The doctor answers through the latest message."""
    _send_form(simulation, simulation.mail.answer_url(doctor), "POST /api/answer", f"answer={answer.value}")


def _send_form(simulation: Simulation, url: str, route: str, form: str) -> str:
    """Sends the form of a link's page, and retries while the response is an error. Returns the next page."""
    query, media_type = url.partition("?")[2], "application/x-www-form-urlencoded"
    for _ in range(MAX_ATTEMPTS):
        response = simulation.request("links", events.request(route, form, query=query, content_type=media_type))
        if response and response["statusCode"] in {200, 409}:
            return str(response["body"])
    raise AssertionError(f"{route} was not accepted")
