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
from tests.faults import concurrent_actions, doctors, managers, patients, promises
from tests.faults.call_interceptor import Fault
from tests.faults.environment import SimulationEnvironment
from tests.faults.fake_aws import Outcome
from tests.faults.injection import FINAL_CHECKS
from tests.faults.random_inputs import (
    ADDRESSES,
    COMPLETING,
    DECISIONS,
    FAULTS,
    PHONES,
    SAME_NAME_AND_PHONE,
    STREET,
    TIME_STEPS,
    numbers,
    outdated_by,
)
from tests.faults.simulation import Simulation


class ReferralStateMachine(RuleBasedStateMachine):
    environment: ClassVar[SimulationEnvironment]

    def __init__(self) -> None:
        super().__init__()
        self.simulation: Simulation = self.environment.new_simulation()
        self.state = self.simulation.state
        self.simulation.phones = {phone: doctor for doctor, phone in PHONES.items()}

    def pick(self, some: list[Any], number: int) -> Any:
        return some[number % len(some)]

    def pick_at(self, stage: Stage, number: int) -> str:
        return str(self.pick(self.state.at(stage), number))

    # ---- Patients and doctors ----------------------------------------------------------------------------------------

    @rule(address=st.sampled_from(ADDRESSES))
    def a_patient_names_a_doctor(self, address: str) -> None:
        patients.submit(self.simulation, address, phone=PHONES[mailbox(address)])

    @rule(address=st.sampled_from(ADDRESSES))
    def a_patient_without_javascript_names_a_doctor(self, address: str) -> None:
        patients.submit(self.simulation, address, phone=PHONES[mailbox(address)], proven=False)

    @rule()
    def a_patient_names_a_doctor_with_the_same_name_and_phone(self) -> None:
        patients.submit(self.simulation, SAME_NAME_AND_PHONE, phone=PHONES[mailbox(ADDRESSES[0])])

    @rule(phone=st.sampled_from(list(PHONES.values())))
    def a_patient_names_a_doctor_without_an_email_address(self, phone: str) -> None:
        address = {**STREET, "postal_code": f"6270{phone[-1]}"}
        patients.submit(self.simulation, None, phone=phone, address=address)
        self.simulation.run_streams()

    @precondition(lambda self: self.simulation.accepted)
    @rule(number=numbers)
    def a_submission_is_repeated(self, number: int) -> None:
        submission = self.pick(self.simulation.accepted, number)
        assert patients.submit_again(self.simulation, submission.payload) == submission.receipt

    @precondition(lambda self: self.simulation.accepted)
    @rule(number=numbers)
    def a_patient_withdraws_a_referral(self, number: int) -> None:
        patients.withdraw(self.simulation, self.pick(self.simulation.accepted, number).receipt)

    @precondition(lambda self: self.simulation.mail.mails)
    @rule(number=numbers)
    def a_doctor_opts_out(self, number: int) -> None:
        doctors.opt_out(self.simulation, self.pick(self.simulation.mail.mails, number).doctor)

    @precondition(lambda self: self.simulation.mail.mails)
    @rule(number=numbers, answer=st.sampled_from(Answer))
    def a_doctor_answers(self, number: int, answer: Answer) -> None:
        doctors.answer(self.simulation, self.pick(self.simulation.mail.mails, number).doctor, answer)

    # ---- Managers ----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.state.at(Stage.BY_POST))
    @rule(number=numbers, outdated_by=outdated_by, action=st.sampled_from((Action.LETTER_SENT, Action.CALLED)))
    def a_person_sends_a_letter_or_calls(self, number: int, outdated_by: int, action: Action) -> None:
        managers.act(self.simulation, self.pick_at(Stage.BY_POST, number), action, outdated_by=outdated_by)

    @precondition(lambda self: self.state.at(Stage.BY_POST))
    @rule(number=numbers, outdated_by=outdated_by)
    def a_person_finds_the_address(self, number: int, outdated_by: int) -> None:
        receipt = self.pick_at(Stage.BY_POST, number)
        address = self.simulation.checks.doctor_of(receipt)
        managers.act(self.simulation, receipt, Action.ADD_EMAIL, outdated_by=outdated_by, email=address)

    @precondition(lambda self: self.state.at(Stage.HELD))
    @rule(number=numbers, outdated_by=outdated_by, action=st.sampled_from(DECISIONS))
    def a_person_decides_about_a_held_referral(self, number: int, outdated_by: int, action: Action) -> None:
        managers.act(self.simulation, self.pick_at(Stage.HELD, number), action, outdated_by=outdated_by, reason="other")

    @precondition(lambda self: self.held_for_comparison())
    @rule(number=numbers, outdated_by=outdated_by)
    def a_person_compares_two_doctors(self, number: int, outdated_by: int) -> None:
        managers.compare(self.simulation, self.pick(self.held_for_comparison(), number), outdated_by=outdated_by)

    def held_for_comparison(self) -> list[str]:
        return [one for one in self.state.at(Stage.HELD) if self.state.stage(one)[1] in DOCTOR_COMPARISONS]

    @precondition(lambda self: self.state.at(Stage.SENT))
    @rule(number=numbers, outdated_by=outdated_by)
    def a_doctor_opts_out_by_phone(self, number: int, outdated_by: int) -> None:
        doctors.opt_out_by_phone(self.simulation, self.pick_at(Stage.SENT, number), outdated_by=outdated_by)

    @precondition(lambda self: self.state.requested())
    @rule(number=numbers, outdated_by=outdated_by, action=st.sampled_from(COMPLETING))
    def a_person_completes_a_request(self, number: int, outdated_by: int, action: Action) -> None:
        managers.act(self.simulation, self.pick(self.state.requested(), number), action, outdated_by=outdated_by)

    # ---- The stream --------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.simulation.records)
    @rule()
    def the_stream_is_delivered(self) -> None:
        self.simulation.run_streams()

    @precondition(lambda self: self.simulation.records)
    @rule(number=numbers)
    def one_record_is_delivered_before_the_others(self, number: int) -> None:
        one = self.pick(self.simulation.records, number)
        self.simulation.records.remove(one)
        self.simulation.redeliver([one])

    @precondition(lambda self: self.simulation.records)
    @rule(number=numbers)
    def the_stream_drops_a_record(self, number: int) -> None:
        self.simulation.records.remove(self.pick(self.simulation.records, number))

    @precondition(lambda self: self.simulation.history)
    @rule(number=numbers)
    def an_old_record_is_redelivered(self, number: int) -> None:
        self.simulation.redeliver([self.pick(self.simulation.history, number)])

    # ---- The mail service --------------------------------------------------------------------------------------------

    @rule(outcome=st.sampled_from(Outcome))
    def ses_will_return(self, outcome: Outcome) -> None:
        self.simulation.mail.outcomes.append(outcome)

    @precondition(lambda self: self.simulation.mail.events)
    @rule(random=st.randoms(use_true_random=False))
    def the_events_are_delivered_in_any_order(self, random: Any) -> None:
        random.shuffle(self.simulation.mail.events)
        self.simulation.deliver_events()

    @precondition(lambda self: self.simulation.mail.events)
    @rule(number=numbers)
    def one_event_is_delivered(self, number: int) -> None:
        event = self.pick(self.simulation.mail.events, number)
        # An interleaved action may have delivered it already.
        if not self.simulation.deliver_event_batch([event]) and event in self.simulation.mail.events:
            self.simulation.mail.events.remove(event)

    @precondition(lambda self: self.simulation.mail.events)
    @rule(number=numbers)
    def one_event_is_lost(self, number: int) -> None:
        self.simulation.mail.events.remove(self.pick(self.simulation.mail.events, number))

    @precondition(lambda self: self.simulation.processed_events)
    @rule(number=numbers)
    def an_old_event_is_redelivered(self, number: int) -> None:
        self.simulation.deliver_event_batch([self.pick(self.simulation.processed_events, number)])

    # ---- Time and faults ---------------------------------------------------------------------------------------------

    @rule(step=st.sampled_from(TIME_STEPS))
    def time_passes(self, step: timedelta) -> None:
        self.simulation.wake(step)

    @rule(calls=st.integers(0, 12), fault=st.sampled_from(FAULTS))
    def a_fault_is_injected_into_a_later_call(self, calls: int, fault: Fault) -> None:
        self.simulation.interceptor.inject(len(self.simulation.interceptor.calls) + calls, fault)

    @precondition(lambda self: self.simulation.accepted)
    @rule(calls=st.integers(0, 12), action=st.sampled_from(concurrent_actions.ALL))
    def a_concurrent_action_is_scheduled(self, calls: int, action: concurrent_actions.ConcurrentAction) -> None:
        self.simulation.interceptor.inject(
            len(self.simulation.interceptor.calls) + calls, concurrent_actions.fault(self.simulation, action)
        )

    @precondition(lambda self: self.simulation.checks.paused is None)
    @rule()
    def the_campaign_is_paused(self) -> None:
        managers.pause(self.simulation)

    @precondition(lambda self: self.simulation.checks.paused is not None)
    @rule()
    def a_person_resumes_the_campaign(self) -> None:
        managers.resume(self.simulation)

    # ---- The promises ------------------------------------------------------------------------------------------------

    @invariant()
    def no_forbidden_message_was_sent(self) -> None:
        assert self.simulation.checks.broken == []

    @invariant()
    def the_promises_hold_at_any_time(self) -> None:
        assert promises.broken_at_any_time(self.simulation) == []

    def teardown(self) -> None:
        managers.resume(self.simulation)
        assert promises.broken_at_the_end(self.simulation, *FINAL_CHECKS) == []


@pytest.mark.long
def test_no_sequence_of_actions_breaks_a_promise(environment: SimulationEnvironment) -> None:
    run(environment, examples=32)


@pytest.mark.long
def test_no_sequence_of_actions_breaks_a_promise_on_dynamodb_local(
    environment_on_dynamodb_local: SimulationEnvironment,
) -> None:
    run(environment_on_dynamodb_local, examples=12)


def run(environment: SimulationEnvironment, examples: int) -> None:
    ReferralStateMachine.environment = environment
    run_state_machine_as_test(
        ReferralStateMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
