"""A submission: the data that the form sends, validated as a whole."""

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from referral_intake.core.campaign import Campaign
from referral_intake.core.doctor import ADDRESS_FIELDS, DOCTOR_FIELDS, Address, Doctor
from referral_intake.core.form_fields import FormField
from referral_intake.core.smoke_test import is_test
from referral_intake.core.validation import FieldError, Fields, Invalid

FIELDS = ("submission_id", "campaign", "locale", "submitted_by", "doctor")
# Only the operator can sign it. intake/smoke_tests.py checks it.
SMOKE_TEST = "smoke_test"
# Sent with a submission, but not part of it. intake/bot_detection.py checks them.
BOT_DETECTION_FIELDS = ("challenge", "comments")
# Sent with a doctor from the look-up, which signed the name and the NPI.
REGISTRY_SIGNATURE = "registry_signature"
# These are in every digest, as null if absent. A field that is declared later is in the digest only if it has a value.
# So the digest of a stored submission stays the same, and a repeated one is recognized after a deployment.
_ALWAYS_DIGESTED = ("name", "practice", "specialty", "email", "phone", "npi")
_ALWAYS_DIGESTED_OF_ADDRESS = ("line1", "line2", "city", "state", "postal_code")
MAX_ERRORS = 50
SUBMITTED_BY = ("patient", "caregiver")


@dataclass(frozen=True, slots=True)
class Submission:
    """One valid submission. It has no facts about the patient, not even the patient's identity."""

    submission_id: uuid.UUID
    campaign: str
    locale: str
    submitted_by: str
    doctor: Doctor

    @property
    def content(self) -> str:
        """A digest of all content except the submission id. The same content has the same digest."""
        digested = asdict(self)
        del digested["submission_id"], digested["doctor"]["typed"], digested["doctor"]["is_from_registry"]
        address = _digested(digested["doctor"]["address"], _ALWAYS_DIGESTED_OF_ADDRESS)
        digested["doctor"] = {**_digested(digested["doctor"], _ALWAYS_DIGESTED), "address": address}
        return hashlib.sha256(json.dumps(digested, sort_keys=True).encode()).hexdigest()[:32]


class InvalidSubmission(ValueError):
    """A refused submission, with all its errors."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__(f"{len(errors)} fields")
        # The limit keeps the answer to a body of unknown fields from growing far beyond the size of the body.
        self.errors = errors[:MAX_ERRORS]


def _digested(values: Mapping[str, Any], always: tuple[str, ...]) -> dict[str, Any]:
    return dict.fromkeys(always) | {name: value for name, value in values.items() if value is not None}


def parse(
    payload: object,
    find_campaign: Callable[[str], Campaign | None],
    fallback_id: Callable[[Submission], uuid.UUID] | None = None,
    is_from_registry: Callable[[Doctor, object], bool] = lambda doctor, signature: False,
) -> Submission:
    """Validate a payload and return the submission. Raise InvalidSubmission with all errors at once.

    `fallback_id` makes the submission id if none was sent. Without it, the id is required. `is_from_registry` checks
    the signature of the look-up. Without a valid one, the doctor's name counts as typed.
    """
    errors: list[FieldError] = []
    fields = Fields(payload, "", (*FIELDS, *BOT_DETECTION_FIELDS, SMOKE_TEST), errors)
    if not isinstance(payload, dict):
        raise InvalidSubmission([FieldError("", "wrong_type")])
    submission_id = _submission_id(fields, required=fallback_id is None)
    campaign = _campaign(fields, find_campaign)
    submission = Submission(
        submission_id=submission_id or uuid.UUID(int=0),
        campaign=campaign.name if campaign else "",
        locale=_choice(fields, "locale", campaign.locales if campaign else None),
        submitted_by=_choice(fields, "submitted_by", SUBMITTED_BY),
        doctor=_doctor(fields, errors, is_from_registry),
    )
    if errors:
        raise InvalidSubmission(errors)
    if submission_id is None and fallback_id is not None:
        return replace(submission, submission_id=fallback_id(submission))
    return submission


def with_email(doctor: Doctor, typed: object) -> Doctor:
    """Return the doctor with this email address, validated as in the form. Raise InvalidSubmission."""
    errors: list[FieldError] = []
    fields = Fields({"email": typed}, "", ("email",), errors)
    differing = {name: text for name, text in doctor.typed.items() if name != "email"}
    email = _value(fields, DOCTOR_FIELDS["email"], differing)
    if email is None:
        raise InvalidSubmission(errors or [FieldError("email", "required")])
    return replace(doctor, email=email, typed=differing)


def _submission_id(fields: Fields, *, required: bool) -> uuid.UUID | None:
    typed = fields.text("submission_id", 64)
    if typed is None:
        if required and not fields.has_error("submission_id"):
            fields.error("submission_id", "required")
        return None
    try:
        submission_id = uuid.UUID(typed)
    except ValueError:
        submission_id = None
    # uuid.UUID also accepts braces, URNs and digits without hyphens. An id must have only one spelling.
    if submission_id is None or str(submission_id) != typed.lower() or not submission_id.int:
        fields.error("submission_id", "submission_id_invalid")
    return submission_id


def _campaign(fields: Fields, find_campaign: Callable[[str], Campaign | None]) -> Campaign | None:
    name = _required(fields, "campaign", 64)
    campaign = find_campaign(name) if name and not is_test(name) else None
    if name and campaign is None:
        fields.error("campaign", "campaign_unknown")
    return campaign


def _choice(fields: Fields, name: str, choices: tuple[str, ...] | None) -> str:
    """Return one of `choices`. `choices` is None if the campaign is unknown: then any value passes."""
    value = _required(fields, name, 64)
    if value and choices is not None and value not in choices:
        fields.error(name, "choice")
    return value


def _required(fields: Fields, name: str, limit: int) -> str:
    value = fields.text(name, limit)
    if value is None and not fields.has_error(name):
        fields.error(name, "required")
    return value or ""


def _doctor(submission: Fields, errors: list[FieldError], is_from_registry: Callable[[Doctor, object], bool]) -> Doctor:
    data = submission.raw("doctor")
    fields = Fields(data, "doctor", (*DOCTOR_FIELDS, "address", REGISTRY_SIGNATURE), errors)
    if data is not None and not isinstance(data, dict):
        return Doctor(name="")
    typed: dict[str, str] = {}
    doctor = Doctor(**_values(fields, DOCTOR_FIELDS, typed), address=_address(fields, errors, typed), typed=typed)
    # If a contact detail was given but invalid, the error is reported once, at its own field.
    if not any(error.field.startswith(("doctor.email", "doctor.phone", "doctor.address")) for error in errors):
        _require_contact_details(doctor, fields)
    return replace(doctor, is_from_registry=is_from_registry(doctor, fields.raw(REGISTRY_SIGNATURE)))


def _address(doctor: Fields, errors: list[FieldError], typed: dict[str, str]) -> Address:
    fields = Fields(doctor.raw("address"), "doctor.address", ADDRESS_FIELDS, errors)
    return Address(**_values(fields, ADDRESS_FIELDS, typed))


def _values(fields: Fields, declared: Mapping[str, FormField], typed: dict[str, str]) -> dict[str, Any]:
    return {name: _value(fields, field, typed) for name, field in declared.items()}


def _value(fields: Fields, field: FormField, typed: dict[str, str]) -> str | None:
    """Return the normal form. If it differs from the text as typed, record the text in `typed`."""
    value = fields.text(field.name, field.limit, may_have_link=field.may_have_link)
    if value is None and field.is_required and not fields.has_error(field.name):
        fields.error(field.name, "required")
    if not value:
        return value
    try:
        normal = field.parse(value)
    except Invalid as invalid:
        fields.error(field.name, invalid.code)
        return None
    if normal != value:
        typed[field.name] = value
    return normal


def _require_contact_details(doctor: Doctor, fields: Fields) -> None:
    address = doctor.address
    if doctor.email or doctor.phone or address.is_whole:
        return
    # The form also asks for the state to look the doctor up. So the state alone does not count as part of an address.
    if address == Address(state=address.state):
        fields.error("", "contact_required")
        return
    for part in ("line1", "city", "state", "postal_code"):
        if getattr(address, part) is None:
            fields.error(f"address.{part}", "required")
