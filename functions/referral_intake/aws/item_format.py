"""Convert referrals to items of the table, and back."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from referral_intake.core import smoke_test, tasks
from referral_intake.core.callback import CALLBACK_FIELDS, Callback
from referral_intake.core.doctor import ADDRESS_FIELDS, DOCTOR_FIELDS, Address, Doctor
from referral_intake.core.engagement import Engagement
from referral_intake.core.mailboxes import mailbox
from referral_intake.core.person_names import search_words
from referral_intake.core.referral import Answer, ContactChannel, Referral, Stage, UserAction
from referral_intake.core.search_filter import FILTERS
from referral_intake.core.steps import DeliveryStatus, DeliveryStatuses, SendAttempt

Item = dict[str, Any]
"""An item in DynamoDB's typed JSON: `{"stage": {"S": "queued"}}`."""

_MAX_SEARCH_NAME_LENGTH = 120

_SERIALIZER = TypeSerializer()
_DESERIALIZER = TypeDeserializer()


def referral_key(receipt: str) -> Item:
    return {"pk": {"S": f"referral#{receipt}"}, "sk": {"S": "referral"}}


def doctor_key(key: str) -> Item:
    return {"pk": {"S": f"doctor#{key}"}, "sk": {"S": "doctor"}}


def typed(value: Any) -> Any:
    """Return the value in DynamoDB's typed JSON."""
    return _SERIALIZER.serialize(value)


def plain(item: Item) -> dict[str, Any]:
    return {name: _DESERIALIZER.deserialize(value) for name, value in item.items()}


def timestamp(time: datetime) -> str:
    """Return the time as ISO 8601 in UTC, always with milliseconds, so that it sorts as text."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_item(referral: Referral) -> Item:
    """Return the item of an open referral."""
    attributes = {
        "receipt": referral.receipt,
        "content": referral.content,
        "campaign": referral.campaign,
        "locale": referral.locale,
        "submitted_by": referral.submitted_by,
        "doctor": doctor_attributes(referral.doctor),
        "stage": referral.stage.value,
        "milestones": {name: timestamp(time) for name, time in referral.milestones.items()},
        "revision": referral.revision,
        "source": referral.source,
        "network": referral.network,
        "group": referral.group,
        "reason": referral.reason,
        # The keys of the sparse index `due`.
        "open_in": referral.campaign,
        "due_at": timestamp(referral.due_at) if referral.due_at else None,
        "is_vetted": referral.is_vetted or None,
        # Attributes of the indexes for listings.
        "submitted_at": timestamp(referral.submitted_at),
        **search_attributes(referral.doctor),
        **task_attributes(referral.campaign, tasks.task_kind(referral), tasks.waiting_since(referral), referral.group),
    }
    values = {name: typed(value) for name, value in attributes.items() if value is not None}
    return {**referral_key(referral.receipt), **values, **expiry_attributes(referral)}


def expiry_attributes(referral: Referral) -> Item:
    """Return the attribute by which DynamoDB deletes items of a smoke test. Other referrals don't have it."""
    if not referral.is_test:
        return {}
    return {"expires": typed(int((referral.submitted_at + smoke_test.KEPT).timestamp()))}


def from_item(item: Item) -> Referral:
    values = plain(item)
    return Referral(
        receipt=values["receipt"],
        content=values["content"],
        campaign=values["campaign"],
        locale=values["locale"],
        submitted_by=values["submitted_by"],
        doctor=_doctor(values["doctor"]),
        stage=Stage(values["stage"]),
        milestones={name: datetime.fromisoformat(time) for name, time in values["milestones"].items()},
        revision=int(values["revision"]),
        due_at=datetime.fromisoformat(values["due_at"]) if "due_at" in values else None,
        reason=values.get("reason"),
        leader=values.get("leader"),
        engagements=frozenset(_engagement(text) for text in values.get("engagements", ())),
        messages={step: _delivery(data) for step, data in values.get("messages", {}).items()},
        source=values.get("source"),
        network=values.get("network"),
        # An earlier version of the code does not remove it.
        group=values.get("group") if values["stage"] == Stage.HELD else None,
        failed_attempts=int(values.get("setbacks", 0)),
        is_vetted=values.get("is_vetted", False),
        answer=Answer(values["answer"]) if "answer" in values else None,
        stored_closed_at=datetime.fromisoformat(values["closed_at"]) if "closed_at" in values else None,
        contact_channel=ContactChannel(values["told_by"]) if "told_by" in values else None,
        user_actions=tuple(_user_action(data) for data in values.get("acts", ())),
        waits_since=datetime.fromisoformat(values["waits_since"]) if "waits_since" in values else None,
        callback=_callback(values["callback"]) if "callback" in values else None,
    )


def doctor_attributes(doctor: Doctor) -> dict[str, Any]:
    return _without_blanks({**asdict(doctor), "is_from_registry": doctor.is_from_registry or None})


def _doctor(details: dict[str, Any]) -> Doctor:
    """Read the doctor. Ignore attributes that this version does not know: a newer one may have stored more fields."""
    address = details.get("address", {})
    return Doctor(
        **{name: details[name] for name in DOCTOR_FIELDS if name in details},
        address=Address(**{name: address[name] for name in ADDRESS_FIELDS if name in address}),
        typed=details.get("typed", {}),
        is_from_registry=details.get("is_from_registry", False),
    )


def callback_attributes(callback: Callback) -> dict[str, str]:
    return _without_blanks(asdict(callback))


def _callback(details: dict[str, str]) -> Callback:
    return Callback(**{name: details[name] for name in CALLBACK_FIELDS if name in details})


def search_attributes(doctor: Doctor) -> dict[str, str | None]:
    """Return the attributes by which a doctor is found. A value is None if the doctor has none."""
    return {
        **{name: one.of_doctor(doctor) for name, one in FILTERS.items() if one.of_doctor},
        # Limited: without accents a name can become many times as long, and each search would pay for reading it.
        "search_name": " ".join(search_words(doctor.name))[:_MAX_SEARCH_NAME_LENGTH] or None,
        "email_identity": doctor.email and mailbox(doctor.email),
        "npi": doctor.npi,
    }


def task_attributes(
    campaign: str, kind: tasks.TaskKind | None, since: datetime | None, group: str | None = None
) -> dict[str, str | None]:
    """Return the two key attributes of the sparse index `work`. A group's members are in a partition of their own."""
    if kind is None or since is None:
        return {"waits_for": None, "waits_since": None}
    return {"waits_for": task_list(campaign, kind, group), "waits_since": timestamp(since)}


def task_list(campaign: str, kind: tasks.TaskKind, group: str | None = None) -> str:
    """Return the partition of the index `work`: `star/held`, or `star/held/domain-3fa9c1e2d4b5a697`."""
    return "/".join(filter(None, (campaign, kind.value, group)))


def user_action_attributes(user_action: UserAction) -> dict[str, Any]:
    return _without_blanks({**asdict(user_action), "at": timestamp(user_action.at), "note": user_action.note or None})


def _user_action(data: dict[str, Any]) -> UserAction:
    return UserAction(**{**data, "at": datetime.fromisoformat(data["at"]), "revision": int(data["revision"])})


def message_attributes(messages: DeliveryStatuses) -> dict[str, Any]:
    return {step: _without_blanks(_delivery_attributes(delivery)) for step, delivery in messages.items()}


def _delivery_attributes(delivery: DeliveryStatus) -> dict[str, Any]:
    last = delivery.last_delivered_at
    return {
        "tries": {
            message_id: {**asdict(one), "at": timestamp(one.at)} for message_id, one in delivery.attempts.items()
        },
        "returned": {message_id: timestamp(at) for message_id, at in delivery.soft_bounces.items()},
        "delivered_at": timestamp(delivery.delivered_at) if delivery.delivered_at else None,
        # Usually the same time.
        "last_delivered_at": timestamp(last) if last and last != delivery.delivered_at else None,
        "failures": dict(delivery.failures),
    }


def _delivery(data: dict[str, Any]) -> DeliveryStatus:
    delivered_at = data.get("delivered_at")
    last_delivered_at = data.get("last_delivered_at", delivered_at)
    return DeliveryStatus(
        attempts={
            name: SendAttempt(**{**one, "at": datetime.fromisoformat(one["at"])}) for name, one in data["tries"].items()
        },
        soft_bounces={name: datetime.fromisoformat(at) for name, at in data.get("returned", {}).items()},
        delivered_at=datetime.fromisoformat(delivered_at) if delivered_at else None,
        last_delivered_at=datetime.fromisoformat(last_delivered_at) if last_delivered_at else None,
        failures=data.get("failures", {}),
    )


def engagement_lines(engagements: Iterable[Engagement]) -> list[str]:
    """Return one line for each, which is smaller than a map: time, step, kind, scanner or -, link."""
    return [
        f"{timestamp(one.at)} {one.step} {one.kind} {'scanner' if one.by_known_scanner else '-'} {one.link}"
        for one in sorted(engagements)
    ]


def _engagement(text: str) -> Engagement:
    at, step, kind, by, link = text.split(" ", 4)
    return Engagement(datetime.fromisoformat(at), step, kind, link, by_known_scanner=by == "scanner")


def _without_blanks(values: dict[str, Any]) -> dict[str, Any]:
    """Remove None and empty maps, also in nested maps, because every attribute costs bytes."""
    nested = {name: _without_blanks(value) if isinstance(value, dict) else value for name, value in values.items()}
    return {name: value for name, value in nested.items() if value not in (None, {})}
