"""The columns of an export, and the value of each for a referral.

Programs read columns by name or by position. So neither may change, and a new column goes last.
"""

from collections.abc import Callable
from datetime import datetime
from operator import attrgetter

from referral_intake.core.callback import CALLBACK_FIELDS
from referral_intake.core.doctor import FORM_FIELDS
from referral_intake.core.milestones import Milestone
from referral_intake.core.referral import Referral

Cell = str | datetime | None

_MILESTONES = ("sent", "delivered", "opened", "clicked", "answered", "bounced", "complained", "opted_out")

# The path of a field starts at the referral.
_DOCTOR: dict[str, Callable[[Referral], Cell]] = {one.column: attrgetter(path) for path, one in FORM_FIELDS.items()}
# These columns keep their position. New fields go last.
_FIXED_POSITIONS = (
    *("doctor_name", "practice", "specialty", "email", "phone", "npi"),
    *("address_line1", "address_line2", "city", "state", "postal_code"),
)


def _of_callback(name: str) -> Callable[[Referral], Cell]:
    return lambda referral: getattr(referral.callback, name) if referral.callback else None


COLUMNS: dict[str, Callable[[Referral], Cell]] = {
    "receipt": lambda referral: referral.receipt,
    "submitted_at": lambda referral: referral.submitted_at,
    "stage": lambda referral: referral.stage.value,
    "reason": lambda referral: referral.reason,
    "submitted_by": lambda referral: referral.submitted_by,
    "language": lambda referral: referral.locale,
    **{name: _DOCTOR[name] for name in _FIXED_POSITIONS},
    "answer": lambda referral: referral.answer.value if referral.answer else None,
    **{
        f"{name}_at": lambda referral, name=name: referral.milestones.get(name)  # type: ignore[misc]
        for name in _MILESTONES
    },
    "closed_at": lambda referral: referral.closed_at,
    "leading_receipt": lambda referral: referral.leader,
    "called_back_at": lambda referral: referral.milestones.get(Milestone.CALLED_BACK),
    "information_sent_at": lambda referral: referral.milestones.get(Milestone.INFORMATION_SENT),
    **{one.column: _of_callback(name) for name, one in CALLBACK_FIELDS.items()},
    "opted_in_at": lambda referral: referral.milestones.get(Milestone.OPTED_IN),
    "complaint_taken_back_at": lambda referral: referral.milestones.get(Milestone.COMPLAINT_TAKEN_BACK),
    **_DOCTOR,
}
"""In the order of the file. Times are in UTC. The last entry adds the fields that are not listed above."""


def row_of(referral: Referral) -> tuple[Cell, ...]:
    return tuple(cell(referral) for cell in COLUMNS.values())
