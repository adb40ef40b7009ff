"""The columns of an export: what stands in each, of one referral. Programs read them by name: a name stays."""

from collections.abc import Callable
from datetime import datetime

from referral_intake.core.referral import Referral

Cell = str | datetime | None

_MILESTONES = ("sent", "delivered", "opened", "clicked", "answered", "bounced", "complained", "opted_out")

COLUMNS: dict[str, Callable[[Referral], Cell]] = {
    "receipt": lambda referral: referral.receipt,
    "submitted_at": lambda referral: referral.submitted_at,
    "stage": lambda referral: referral.stage.value,
    "reason": lambda referral: referral.reason,
    "submitted_by": lambda referral: referral.submitted_by,
    "language": lambda referral: referral.locale,
    "doctor_name": lambda referral: referral.doctor.name,
    "practice": lambda referral: referral.doctor.practice,
    "specialty": lambda referral: referral.doctor.specialty,
    "email": lambda referral: referral.doctor.email,
    "phone": lambda referral: referral.doctor.phone,
    "npi": lambda referral: referral.doctor.npi,
    "address_line1": lambda referral: referral.doctor.address.line1,
    "address_line2": lambda referral: referral.doctor.address.line2,
    "city": lambda referral: referral.doctor.address.city,
    "state": lambda referral: referral.doctor.address.state,
    "postal_code": lambda referral: referral.doctor.address.postal_code,
    "answer": lambda referral: referral.answer.value if referral.answer else None,
    **{
        f"{name}_at": lambda referral, name=name: referral.milestones.get(name)  # type: ignore[misc]
        for name in _MILESTONES
    },
    "closed_at": lambda referral: referral.closed_at,
    "leading_receipt": lambda referral: referral.leader,
}
"""In the order of the file. Moments are in UTC."""


def row_of(referral: Referral) -> tuple[Cell, ...]:
    return tuple(cell(referral) for cell in COLUMNS.values())
