"""Random sequences of actions by patients, doctors, AWS and time. The promises hold after each action."""

from datetime import timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from referral_intake.core.mailboxes import mailbox
from referral_intake.core.referral import Answer, Stage
from referral_intake.core.tasks import DOCTOR_COMPARISONS
from referral_intake.dashboard.action_types import Action
from tests.faults import faults, interleaving, promises
from tests.faults.cloud import Outcome
from tests.faults.injection import ENDINGS
from tests.faults.wire import Fault
from tests.faults.world import Lab, World

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
# A doctor with the name and phone of the first one.
NAMESAKE = "namesake@clinic.example"
JUMPS = tuple(
    timedelta(**length)
    for length in ({"minutes": 1}, {"minutes": 6}, {"minutes": 16}, {"hours": 2}, {"days": 8}, {"days": 61})
)
FAULTS = (*faults.NOT_DONE, faults.CUT_OFF, faults.KILLED_BEFORE, *faults.DONE, faults.DONE_TWICE)

COMPLETING = (Action.SEND_INFORMATION, Action.INFORMATION_SENT, Action.CALLED_BACK)

numbers = st.integers(0, 1000)
# Number of changes since a person loaded the data that they act on.
behind = st.sampled_from((0, 0, 0, 1))


class Machine(RuleBasedStateMachine):
    lab: ClassVar[Lab]

    def __init__(self) -> None:
        super().__init__()
        self.world: World = self.lab.new_world()
        self.world.phones = {phone: doctor for doctor, phone in PHONES.items()}

    def pick(self, some: list[Any], number: int) -> Any:
        return some[number % len(some)]

    # ---- Patients and doctors ----------------------------------------------------------------------------------------

    @rule(address=st.sampled_from(ADDRESSES))
    def a_patient_names_a_doctor(self, address: str) -> None:
        self.world.submit(address, phone=PHONES[mailbox(address)])

    @rule(address=st.sampled_from(ADDRESSES))
    def a_patient_without_javascript_names_a_doctor(self, address: str) -> None:
        self.world.submit(address, phone=PHONES[mailbox(address)], proven=False)

    @rule()
    def a_patient_names_the_namesake(self) -> None:
        self.world.submit(NAMESAKE, phone=PHONES[mailbox(ADDRESSES[0])])

    @rule(phone=st.sampled_from(list(PHONES.values())))
    def a_patient_names_a_doctor_without_an_address(self, phone: str) -> None:
        self.world.submit(None, phone=phone)
        self.world.run_streams()

    @precondition(lambda self: self.world.accepted)
    @rule(number=numbers)
    def the_same_submission_comes_again(self, number: int) -> None:
        submission = self.pick(self.world.accepted, number)
        assert self.world.send_again(submission.payload) == submission.receipt

    @precondition(lambda self: self.world.mail.mails)
    @rule(number=numbers)
    def a_doctor_opts_out(self, number: int) -> None:
        self.world.opt_out(self.pick(self.world.mail.mails, number).doctor)

    @precondition(lambda self: self.world.mail.mails)
    @rule(number=numbers, answer=st.sampled_from(Answer))
    def a_doctor_answers(self, number: int, answer: Answer) -> None:
        self.world.answer(self.pick(self.world.mail.mails, number).doctor, answer)

    # ---- Managers ----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.at(Stage.BY_POST))
    @rule(number=numbers, behind=behind, action=st.sampled_from((Action.LETTER_SENT, Action.CALLED)))
    def a_person_tells_a_doctor(self, number: int, behind: int, action: Action) -> None:
        self.world.act(self.pick(self.world.at(Stage.BY_POST), number), action, behind=behind)

    @precondition(lambda self: self.world.at(Stage.BY_POST))
    @rule(number=numbers, behind=behind)
    def a_person_finds_the_address(self, number: int, behind: int) -> None:
        receipt = self.pick(self.world.at(Stage.BY_POST), number)
        address = next(submission.doctor for submission in self.world.accepted if submission.receipt == receipt)
        self.world.act(receipt, Action.ADD_EMAIL, behind=behind, email=address)

    @precondition(lambda self: self.world.at(Stage.HELD))
    @rule(number=numbers, behind=behind, action=st.sampled_from((Action.APPROVE, Action.REJECT, Action.RETRY)))
    def a_person_decides_about_a_held_referral(self, number: int, behind: int, action: Action) -> None:
        self.world.act(self.pick(self.world.at(Stage.HELD), number), action, behind=behind, reason="other")

    @precondition(lambda self: self.compared())
    @rule(number=numbers, behind=behind)
    def a_person_compares_two_doctors(self, number: int, behind: int) -> None:
        self.world.compare(self.pick(self.compared(), number), behind=behind)

    def compared(self) -> list[str]:
        return [one for one in self.world.at(Stage.HELD) if self.world.stage(one)[1] in DOCTOR_COMPARISONS]

    @precondition(lambda self: self.world.at(Stage.SENT))
    @rule(number=numbers, behind=behind)
    def a_doctor_tells_a_person_to_stop(self, number: int, behind: int) -> None:
        self.world.tell_a_manager(self.pick(self.world.at(Stage.SENT), number), behind=behind)

    @precondition(lambda self: self.world.requested())
    @rule(number=numbers, behind=behind, action=st.sampled_from(COMPLETING))
    def a_person_completes_a_request(self, number: int, behind: int, action: Action) -> None:
        self.world.act(self.pick(self.world.requested(), number), action, behind=behind)

    # ---- The stream --------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.records)
    @rule()
    def the_stream_is_delivered(self) -> None:
        self.world.run_streams()

    @precondition(lambda self: self.world.records)
    @rule(number=numbers)
    def one_record_is_delivered_before_the_others(self, number: int) -> None:
        one = self.pick(self.world.records, number)
        self.world.records.remove(one)
        self.world.redeliver([one])

    @precondition(lambda self: self.world.records)
    @rule(number=numbers)
    def the_stream_gives_up_on_a_record(self, number: int) -> None:
        self.world.records.remove(self.pick(self.world.records, number))

    @precondition(lambda self: self.world.history)
    @rule(number=numbers)
    def an_old_record_comes_again(self, number: int) -> None:
        self.world.redeliver([self.pick(self.world.history, number)])

    # ---- The mail service --------------------------------------------------------------------------------------------

    @rule(outcome=st.sampled_from(Outcome))
    def the_mail_service_returns(self, outcome: Outcome) -> None:
        self.world.mail.outcomes.append(outcome)

    @precondition(lambda self: self.world.mail.events)
    @rule(random=st.randoms(use_true_random=False))
    def the_events_come_in_any_order(self, random: Any) -> None:
        random.shuffle(self.world.mail.events)
        self.world.take_events()

    @precondition(lambda self: self.world.mail.events)
    @rule(number=numbers)
    def one_event_comes(self, number: int) -> None:
        event = self.pick(self.world.mail.events, number)
        # An interleaved action may have delivered it already.
        if not self.world.tell([event]) and event in self.world.mail.events:
            self.world.mail.events.remove(event)

    @precondition(lambda self: self.world.mail.events)
    @rule(number=numbers)
    def one_event_is_lost(self, number: int) -> None:
        self.world.mail.events.remove(self.pick(self.world.mail.events, number))

    @precondition(lambda self: self.world.told_events)
    @rule(number=numbers)
    def an_old_event_comes_again(self, number: int) -> None:
        self.world.tell([self.pick(self.world.told_events, number)])

    # ---- Time and faults ---------------------------------------------------------------------------------------------

    @rule(jump=st.sampled_from(JUMPS))
    def time_passes(self, jump: timedelta) -> None:
        self.world.wake(jump)

    @rule(calls=st.integers(0, 12), fault=st.sampled_from(FAULTS))
    def a_call_will_meet_a_fault(self, calls: int, fault: Fault) -> None:
        self.world.wire.strike(len(self.world.wire.calls) + calls, fault)

    @precondition(lambda self: self.world.accepted)
    @rule(calls=st.integers(0, 12), actor=st.sampled_from(interleaving.ACTORS))
    def another_action_interleaves(self, calls: int, actor: interleaving.Actor) -> None:
        self.world.wire.strike(len(self.world.wire.calls) + calls, interleaving.fault(self.world, actor))

    @precondition(lambda self: self.world.paused is None)
    @rule()
    def the_campaign_is_paused(self) -> None:
        self.world.pause()

    @precondition(lambda self: self.world.paused is not None)
    @rule()
    def a_person_resumes_the_campaign(self) -> None:
        self.world.resume()

    # ---- The promises ------------------------------------------------------------------------------------------------

    @invariant()
    def nothing_was_mailed_that_is_forbidden(self) -> None:
        assert self.world.broken == []

    @invariant()
    def every_open_referral_has_a_due_date(self) -> None:
        assert promises.broken_at_any_time(self.world) == []

    def teardown(self) -> None:
        self.world.resume()
        assert promises.broken_in_the_end(self.world, *ENDINGS) == []


@pytest.mark.long
def test_no_sequence_of_actions_breaks_a_promise(lab: Lab) -> None:
    run(lab, examples=32)


@pytest.mark.long
def test_no_sequence_of_actions_breaks_a_promise_on_dynamodb_local(lab_on_dynamodb_local: Lab) -> None:
    run(lab_on_dynamodb_local, examples=12)


def run(lab: Lab, examples: int) -> None:
    Machine.lab = lab
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
