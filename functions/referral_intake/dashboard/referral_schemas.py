"""Schemas of referrals for the dashboard. Viewers get masked details of the doctor."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from referral_intake.aws.listing_table import Page
from referral_intake.core.callback import CALLBACK_FIELDS
from referral_intake.core.campaign import Campaign
from referral_intake.core.doctor import ADDRESS_FIELDS, DOCTOR_FIELDS, Doctor
from referral_intake.core.name_shape import reads_as_sentence
from referral_intake.core.referral import Referral
from referral_intake.core.specialties import specialty_group
from referral_intake.core.users import Role, User
from referral_intake.dashboard import etag
from referral_intake.dashboard.actions import allowed_actions, recordable_actions
from referral_intake.dashboard.declared_schemas import with_form_fields
from referral_intake.dashboard.etag import ETag
from referral_intake.dashboard.masking import masked, masked_callback
from referral_intake.dashboard.timeline import timeline
from referral_intake.dashboard.wiring import DashboardParts

Cursor = Annotated[str | None, Field(description="The start of the next page. Null if there is none.")]


@with_form_fields(DOCTOR_FIELDS)
class DoctorDetails(BaseModel):
    """For viewers, `M•••` stands for a name, and `•••` for a value that they may not see."""

    city: str | None


class ReferralRow(BaseModel):
    receipt: str
    submitted_at: datetime
    stage: str
    reason: Annotated[str | None, Field(description="Why it waits, is held or was closed.")]
    state: str | None
    specialty: Annotated[str, Field(description="The group in which the doctor's specialty is counted.")]
    source: str
    language: str
    doctor: DoctorDetails
    name_is_sentence: Annotated[bool, Field(description="The name reads like a sentence. Check it before you print.")]
    milestones: Annotated[dict[str, datetime], Field(description="Facts, each with its earliest time.")]
    revision: Annotated[int, Field(description="Actions send it, and fail if the referral has changed since.")]


class ReferralList(BaseModel):
    referrals: list[ReferralRow]
    cursor: Cursor
    searched_back_to: Annotated[date | None, Field(description="Null if everything was searched.")]
    read_units: Annotated[float, Field(description="The DynamoDB read units of this request.")]
    mark: ETag


@with_form_fields(CALLBACK_FIELDS)
class CallbackDetails(BaseModel):
    """The details of a call that the doctor asks for."""


@with_form_fields(ADDRESS_FIELDS)
class AddressDetails(BaseModel):
    pass


class TimelineEntry(BaseModel):
    at: datetime
    what: str
    step: str | None
    by: str | None
    detail: str | None


class SentMessage(BaseModel):
    step: str
    sent_at: datetime
    version: str
    content_hash: str
    has_copy: bool


class ReferralDetails(ReferralRow):
    """`typed` is the text as typed, by field, where it differs. `actions` are this user's possible actions."""

    address: AddressDetails
    typed: dict[str, str]
    answer: str | None
    callback: CallbackDetails | None
    leader: str | None
    told_by: str | None
    due_at: datetime | None
    waiting_since: datetime | None
    timeline: list[TimelineEntry]
    messages: list[SentMessage]
    actions: list[str]
    mark: ETag


def listing(page: Page, user: User) -> ReferralList:
    rows = [ReferralRow(**row(referral, user)) for referral in page.referrals]
    return ReferralList(
        referrals=rows,
        cursor=page.cursor,
        searched_back_to=page.searched_back_to,
        read_units=page.units,
        mark=etag.compute(user, page.referrals, page.cursor, page.searched_back_to),
    )


def detail(referral: Referral, user: User, parts: DashboardParts) -> ReferralDetails:
    doctor, messages = _doctor(referral, user), _messages(referral, user, parts)
    return ReferralDetails(
        **row(referral, user),
        address=address(referral, user),
        typed=dict(doctor.typed),
        answer=referral.answer,
        callback=callback_details(referral, user),
        leader=referral.leader,
        told_by=referral.contact_channel,
        due_at=referral.due_at,
        waiting_since=referral.waits_since,
        timeline=[
            TimelineEntry(at=one.at, what=one.what, step=one.step, by=one.by, detail=one.detail)
            for one in timeline(referral)
        ],
        messages=messages,
        actions=actions_of(referral, user, parts.campaigns.get(referral.campaign)) + _recordable(referral, user),
        # The referral's revision does not depend on the stored copies.
        mark=etag.compute(user, [referral], [one.has_copy for one in messages]),
    )


def row(referral: Referral, user: User) -> Mapping[str, Any]:
    doctor = _doctor(referral, user)
    return {
        "receipt": referral.receipt,
        "submitted_at": referral.submitted_at,
        "stage": referral.stage.value,
        "reason": referral.reason,
        "state": referral.doctor.address.state,
        "specialty": specialty_group(referral.doctor.specialty),
        "source": referral.submitted_by,
        "language": referral.locale,
        "doctor": DoctorDetails(city=doctor.address.city, **{name: getattr(doctor, name) for name in DOCTOR_FIELDS}),
        "name_is_sentence": not referral.doctor.is_from_registry and reads_as_sentence(referral.doctor.name),
        "milestones": dict(referral.milestones),
        "revision": referral.revision,
    }


def address(referral: Referral, user: User) -> AddressDetails:
    seen = _doctor(referral, user).address
    return AddressDetails(**{name: getattr(seen, name) for name in ADDRESS_FIELDS})


def _doctor(referral: Referral, user: User) -> Doctor:
    return referral.doctor if user.may(Role.MANAGER) else masked(referral.doctor)


def callback_details(referral: Referral, user: User) -> CallbackDetails | None:
    if referral.callback is None:
        return None
    seen = referral.callback if user.may(Role.MANAGER) else masked_callback(referral.callback)
    return CallbackDetails(**asdict(seen))


def actions_of(referral: Referral, user: User, campaign: Campaign | None) -> list[str]:
    return [action.value for action in allowed_actions(referral, campaign)] if user.may(Role.MANAGER) else []


def _recordable(referral: Referral, user: User) -> list[str]:
    return [action.value for action in recordable_actions(referral)] if user.may(Role.MANAGER) else []


def _messages(referral: Referral, user: User, parts: DashboardParts) -> list[SentMessage]:
    # The copies are for managers, so viewers do not see that they exist.
    kept = (
        parts.sent_messages.steps_with_copy(referral.receipt, list(referral.messages))
        if user.may(Role.MANAGER)
        else frozenset()
    )
    found = []
    for step, delivery in referral.messages.items():
        last = max(delivery.attempts.values(), key=lambda one: one.at)
        found.append(
            SentMessage(
                step=step,
                sent_at=last.at,
                version=last.version,
                content_hash=last.content_hash,
                has_copy=step in kept,
            )
        )
    return sorted(found, key=lambda one: one.sent_at)
