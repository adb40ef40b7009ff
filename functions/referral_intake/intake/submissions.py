"""Answer the requests of the public form: submit a referral, get a challenge, read a status, withdraw a referral."""

import re
import uuid
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

# Imported when Lambda starts the function, when it has the most CPU, not during the first request.
from referral_intake.aws.source_keys import derived_submission_id, source_hash
from referral_intake.core.errors import Unavailable
from referral_intake.core.public_status import public_state
from referral_intake.core.reasons import Reason
from referral_intake.core.referral import Referral, new_referral, parse_receipt
from referral_intake.core.submission import InvalidSubmission, Submission, parse
from referral_intake.core.validation import FieldError
from referral_intake.intake import bot_detection, smoke_tests
from referral_intake.intake.wiring import IntakeParts
from referral_intake.observability import logs, metrics
from referral_intake.web import form_responses, forms, http
from referral_intake.web.client_networks import household, surrounding_network
from referral_intake.web.form_responses import FormResponses
from referral_intake.web.http import Event, Problem, Response

logger = logs.logger()

MAX_BODY_BYTES = 16 * 1024
_BINDING = re.compile(r"[0-9a-f]{64}")


def respond(event: Event, intake: IntakeParts, now: datetime) -> Response:
    """Answer one request. Every exception becomes a response."""
    route = _ROUTES[event["routeKey"]]
    view = form_responses.responses_for(event, intake.site, now)
    with logs.log_context(logger, correlation_id=event["requestContext"]["requestId"]):
        return form_responses.with_error_responses(view, lambda: route(event, intake, view, now), logger)


def _submit(event: Event, intake: IntakeParts, view: FormResponses, now: datetime) -> Response:
    try:
        return _accept(event, intake, view, now)
    except Problem as problem:
        _record_refusal(problem.kind)
        raise


def _accept(event: Event, intake: IntakeParts, view: FormResponses, now: datetime) -> Response:
    is_form = http.content_type(event) == forms.MEDIA_TYPE
    sent: Any = [] if is_form else _read_json(event)
    key, address = _key_of_day(intake, now), http.client_address(event)

    def derived_id(submission: Submission) -> uuid.UUID:
        return derived_submission_id(key, submission, address)

    try:
        sent = forms.pairs(_body(event)) if is_form else sent
        payload = forms.nested(sent) if is_form else sent
        fallback_id = derived_id if is_form else None
        submission = parse(payload, intake.site.campaigns.get, fallback_id, intake.signatures.is_valid)
        referral = smoke_tests.marked(
            new_referral(submission, now, *_source_hashes(key, address)),
            submission.submission_id,
            payload,
            intake.hashing_keys,
        )
        if reason := _bot_reason(event, payload, submission.submission_id, intake, now):
            group = intake.suspected.group_for(referral, now)
            referral = bot_detection.hold_for_review(referral, reason, now, group)
        with logs.log_context(logger, referral=referral.receipt):
            stored, is_new = _store(referral, intake)
    except InvalidSubmission as invalid:
        codes = sorted({error.code for error in invalid.errors})
        _record_refusal("conflict" if "conflict" in codes else "invalid", codes)
        return view.invalid(dict(sent) if is_form else sent, invalid.errors)
    return view.stored(stored, is_new=is_new)


def _key_of_day(intake: IntakeParts, now: datetime) -> bytes | None:
    """Return the key that hashes addresses. Without it, the referral is stored without its source, not lost."""
    try:
        return intake.source_keys.of_day(now)
    except Unavailable:
        logger.exception("the key of the day can't be read")
        metrics.count("SourceKeyUnavailable")
        return None


def _source_hashes(key: bytes | None, address: str) -> tuple[str, str] | tuple[None, None]:
    """Return the hashes of the source and its network, unless there is no key of the day."""
    if key is None:
        return None, None
    return source_hash(key, household(address)), source_hash(key, surrounding_network(address))


def _bot_reason(
    event: Event, payload: Any, submission_id: uuid.UUID, intake: IntakeParts, now: datetime
) -> Reason | None:
    if bot_detection.is_cross_site(event["headers"], intake.site.url):
        return Reason.CROSS_SITE
    network = surrounding_network(http.client_address(event))
    proof = intake.challenges.read(payload.get(bot_detection.PROOF), network)
    return bot_detection.bot_reason(payload, submission_id, proof, intake.fill_time, now)


def _store(referral: Referral, intake: IntakeParts) -> tuple[Referral, bool]:
    """Store the referral with one request to the table. Return the stored one, and whether it is new."""
    existing = intake.referrals.add(referral)
    if existing is None:
        logger.info("referral stored", campaign=referral.campaign, held=referral.reason)
        metrics.count("SubmissionsAccepted", campaign=referral.campaign)
        if referral.reason:
            metrics.count("SubmissionsHeld", campaign=referral.campaign, reason=referral.reason)
    elif existing.content != referral.content:
        raise InvalidSubmission([FieldError("submission_id", "conflict")])
    return existing or referral, existing is None


def _record_refusal(kind: str, codes: Sequence[str] = ()) -> None:
    """Log and count a refusal.

    Both values are fixed codes. Field names are left out: an unknown one can be any text.
    """
    logger.info("submission refused", reason=kind, codes=codes)
    metrics.count("SubmissionsRefused", reason=kind)


def _challenge(event: Event, intake: IntakeParts, view: FormResponses, now: datetime) -> Response:
    """Return a challenge for the browser, bound to its network and to the submission that it is about to send.

    It is not stored.
    """
    binding = (event.get("queryStringParameters") or {}).get("for", "")
    if not _BINDING.fullmatch(binding):
        raise Problem(HTTPStatus.BAD_REQUEST, "invalid", "`for` is the SHA-256 that docs/api.md describes.")
    data = {
        "challenge": intake.challenges.new(binding, surrounding_network(http.client_address(event)), now),
        "wait_seconds": int(intake.fill_time.total_seconds()),
        "lasts_seconds": int(bot_detection.CHALLENGE_LIFETIME.total_seconds()),
    }
    return http.json_response(HTTPStatus.OK, data)


def _find(event: Event, intake: IntakeParts, view: FormResponses, now: datetime) -> Response:
    """Answer the form that asks for a receipt."""
    typed = event.get("queryStringParameters", {}).get("receipt", "")
    receipt = parse_receipt(typed)
    if receipt is None:
        return view.unknown_receipt(typed)
    return http.redirect(intake.site.status_path(receipt, http.chosen_language(event)))


def _status(event: Event, intake: IntakeParts, view: FormResponses, now: datetime) -> Response:
    typed = event["pathParameters"]["receipt"]
    receipt = parse_receipt(typed)
    referral = intake.referrals.get(receipt, consistent=True) if receipt else None
    return view.status(referral) if referral else view.unknown_receipt(typed)


def _withdraw(event: Event, intake: IntakeParts, view: FormResponses, now: datetime) -> Response:
    typed = event["pathParameters"]["receipt"]
    receipt = parse_receipt(typed)
    referral = intake.referrals.withdraw(receipt, now) if receipt else None
    if referral is None:
        return view.unknown_receipt(typed)
    is_withdrawn = public_state(referral, now) == "withdrawn"
    logger.info("withdrawal", referral=referral.receipt, withdrawn=is_withdrawn)
    return view.withdrawn(referral) if is_withdrawn else view.too_late(referral)


def _body(event: Event) -> bytes:
    return http.body(event, MAX_BODY_BYTES)


def _read_json(event: Event) -> object:
    if http.content_type(event) != "application/json":
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported", "Send application/json or a form.")
    return http.parsed_json(_body(event))


_ROUTES = {
    "POST /api/referrals": _submit,
    "GET /api/referrals": _find,
    "GET /api/referrals/{receipt}": _status,
    "POST /api/referrals/{receipt}/withdrawal": _withdraw,
    "GET /api/challenge": _challenge,
}
