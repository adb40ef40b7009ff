"""Checks whether a message, letter or call was allowed when it was sent, and a withdrawal when it was stored."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from referral_intake.aws.item_format import Item, plain
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import LEASE
from tests.faults.call_interceptor import CallInterceptor, Run
from tests.faults.fake_aws import FakeSes, Mail
from tests.faults.faults import WRITES
from tests.faults.table_state import TableState


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission that was accepted, and its receipt."""

    payload: dict[str, Any]
    receipt: str
    doctor: str


@dataclass
class MessageChecks:
    """`broken` has the rules that were broken, in words.

    `declined` has the moment when each doctor opted out, `ever_declined` also those who took that back, and `paused`
    when the campaign was paused. `reported` has the messages, by id, that an event reported. `exceptions` has the pairs
    of messages that were repeated as documented. `separated` has the pairs of doctors of whom a manager decided that
    they are two. `declined_phones` has the doctor who opted out by each phone number, and `declined_like` this doctor
    for each one who was named later with it. `withdrawn` has the moment when each referral was withdrawn, by receipt.
    """

    interceptor: CallInterceptor
    mail: FakeSes
    state: TableState
    accepted: list[Submission] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    declined: dict[str, int] = field(default_factory=dict)
    ever_declined: set[str] = field(default_factory=set)
    paused: int | None = None
    reported: dict[str, Mail] = field(default_factory=dict)
    exceptions: list[tuple[Mail, Mail]] = field(default_factory=list)
    separated: set[frozenset[str]] = field(default_factory=set)
    declined_phones: dict[str, str] = field(default_factory=dict)
    declined_like: dict[str, str] = field(default_factory=dict)
    told_by_letter_or_call: set[str] = field(default_factory=set)
    withdrawn: dict[str, int] = field(default_factory=dict)

    def doctor_of(self, receipt: str) -> str:
        return next(submission.doctor for submission in self.accepted if submission.receipt == receipt)

    def note_opt_out(self, doctor: str) -> None:
        self.declined.setdefault(doctor, self.interceptor.moment)
        self.ever_declined.add(doctor)
        self.declined_like.pop(doctor, None)

    def note_opt_in(self, doctor: str) -> None:
        """The doctor wants messages again, or the opt-out or complaint was taken back."""
        self.declined.pop(doctor, None)

    def note_submission(self, submission: Submission) -> None:
        """An opt-out by phone also applies to a doctor who is named later with the phone: all have the same name."""
        self.accepted.append(submission)
        caller = self.declined_phones.get(submission.payload["doctor"].get("phone"))
        if caller and submission.doctor not in self.declined and {caller, submission.doctor} not in self.separated:
            self.note_opt_out(submission.doctor)
            self.declined_like[submission.doctor] = caller

    def note_separation(self, doctor: str, other: str) -> None:
        """A manager decided that these are two doctors."""
        self.separated.add(frozenset({doctor, other}))
        for one, caller in ((doctor, other), (other, doctor)):
            if self.declined_like.get(one) == caller:
                del self.declined_like[one], self.declined[one]
                self.ever_declined.discard(one)

    def note_event(self, detail: dict[str, Any]) -> None:
        """The function has processed this event of SES."""
        mail = next(mail for mail in self.mail.mails if mail.id == detail["mail"]["messageId"])
        self.reported[mail.id] = mail
        if detail["eventType"] == "Complaint" or detail.get("bounce", {}).get("bounceType") == "Permanent":
            self.note_opt_out(mail.doctor)

    def check_mail(self, mail: Mail) -> None:
        """Checks whether a message that arrived was allowed."""
        run = self.interceptor.runs[-1]
        self.broken += [f"mailed {obstacle}: {mail}" for obstacle in self._obstacles(mail, run)]
        for earlier in self.mail.mails:
            if (earlier.doctor, earlier.step) == (mail.doctor, mail.step) and not self._is_returned(earlier):
                if self._is_assumed_lost(earlier, mail.at):
                    self.exceptions.append((earlier, mail))
                else:
                    self.broken.append(f"mailed twice: {earlier}; {mail}")

    def _obstacles(self, mail: Mail, run: Run) -> list[str]:
        obstacles = {
            "after the doctor said no": self.declined.get(mail.doctor, run.last_table_call) < run.last_table_call,
            "while the campaign was paused": self.paused is not None and self.paused <= run.started,
            "after a letter or a call": mail.doctor in self.told_by_letter_or_call,
            "without a last check": run.last_table_operation in WRITES,
            "after the withdrawal": self.withdrawn.get(mail.receipt, run.started) < run.started,
        }
        return [obstacle for obstacle, is_broken in obstacles.items() if is_broken]

    def check_change(self, image: Item, old: Item | None, now: datetime) -> None:
        """Checks whether the changed item records a letter, a call or a withdrawal that was not allowed."""
        if old is None or image["sk"]["S"] != "referral":
            return
        before, after = plain(old), plain(image)
        if "withdrawn" in after["milestones"] and "withdrawn" not in before["milestones"]:
            self.withdrawn[after["receipt"]] = self.interceptor.moment
        if "told_by" in after and "told_by" not in before:
            self._check_letter_or_call(before)
        if after.get("reason") == Closing.WITHDRAWN and before.get("reason") != Closing.WITHDRAWN:
            self._check_withdrawal(before, now)

    def _check_letter_or_call(self, before: dict[str, Any]) -> None:
        """Checks whether a letter or call that was recorded as the introduction was allowed."""
        receipt = before["receipt"]
        doctor = self.doctor_of(receipt)
        if before.get("reason") == Closing.WITHDRAWN:
            self.broken.append(f"told by a person after the withdrawal: {receipt}")
        if doctor in self.declined:
            self.broken.append(f"told by a person after the doctor said no: {receipt}")
        if doctor in self.told_by_letter_or_call or any(mail.doctor == doctor for mail in self.mail.mails):
            self.broken.append(f"told by a person as well: {receipt}")
        self.told_by_letter_or_call.add(doctor)

    def _check_withdrawal(self, before: dict[str, Any], now: datetime) -> None:
        """Checks that the doctor was not told through the referral, and that no message was being sent."""
        receipt = before["receipt"]
        if "told_by" in before:
            self.broken.append(f"withdrawn after a letter or a call: {receipt}")
        if before["stage"] == "sending":
            self.broken.append(f"withdrawn while a message was sent: {receipt}")
        for mail in self.mail.mails:
            if mail.receipt == receipt and not self._is_assumed_lost(mail, now):
                self.broken.append(f"withdrawn after {mail}")

    def check_withdrawal_without_closing(self, receipt: str) -> None:
        """Checks that a withdrawal closes the referral unless it was closed, or the doctor may have been told."""
        referral = self.state.referral(receipt)
        is_certain = referral["stage"] in {"queued", "waiting", "held", "by_post"} and "told_by" not in referral
        if is_certain and receipt not in self.mail.requested_receipts():
            self.broken.append(f"withdrawn and still open, though nothing was sent: {receipt}")

    def _is_returned(self, mail: Mail) -> bool:
        """Whether the message is known to be undelivered, so that a retry is allowed."""
        return mail.id in self._message_entry(mail).get("returned", {})

    def _message_entry(self, mail: Mail) -> dict[str, Any]:
        """The entry of the message in the referral."""
        entry: dict[str, Any] = self.state.referral(mail.receipt).get("messages", {}).get(mail.step, {})
        return entry

    def _is_assumed_lost(self, mail: Mail, now: datetime) -> bool:
        """The one documented exception: SES accepted the message without any event, and later events arrive."""
        is_known = mail.id in self.reported or mail.id in self._message_entry(mail).get("tries", {})
        feedback_is_alive = any(other.at > mail.at for other in self.reported.values())
        return not is_known and feedback_is_alive and now - mail.at >= LEASE - timedelta(minutes=1)
