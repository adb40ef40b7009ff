"""Values from which the state machine draws the inputs of its actions."""

from datetime import timedelta

from hypothesis import strategies as st

from referral_intake.core.mailboxes import mailbox
from referral_intake.dashboard.action_types import Action
from tests.faults import faults

# Four doctors, one of them in two spellings.
ADDRESSES = (
    "maria.lopez@clinic.example",
    "Maria.Lopez+spine@Clinic.example",
    "bounce@clinic.example",
    "complain@hospital.example",
    "full@hospital.example",
)
# Patients without an email address identify each doctor by phone.
PHONES = {doctor: f"+1217555010{number}" for number, doctor in enumerate(dict.fromkeys(map(mailbox, ADDRESSES)))}
# A letter needs a whole address. Its ZIP code identifies a doctor, too, so each phone has another one.
STREET = {"line1": "1 Main St", "city": "Springfield", "state": "IL"}
# A doctor with the name and phone of the first one.
SAME_NAME_AND_PHONE = "namesake@clinic.example"
TIME_STEPS = tuple(
    timedelta(**length)
    for length in ({"minutes": 1}, {"minutes": 6}, {"minutes": 16}, {"hours": 2}, {"days": 8}, {"days": 61})
)
FAULTS = (
    *faults.BEFORE_EFFECT,
    faults.DISCONNECTED,
    faults.KILLED_BEFORE_EFFECT,
    *faults.AFTER_EFFECT,
    faults.RETRIED_AFTER_EFFECT,
)

numbers = st.integers(0, 1000)
# Number of changes since a person loaded the data that they act on.
outdated_by = st.sampled_from((0, 0, 0, 1))
DECISIONS = (Action.APPROVE, Action.REJECT, Action.RETRY)
COMPLETING = (Action.SEND_INFORMATION, Action.INFORMATION_SENT, Action.CALLED_BACK)
