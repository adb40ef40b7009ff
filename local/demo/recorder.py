"""Record the history: run the real functions and the local SES at simulated times."""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from werkzeug.test import Client

from local.demo.demo_keys import hashing_keys
from local.demo.doctor_reactions import SimulatedDoctors
from local.demo.in_process_calls import InProcessCalls
from local.demo.mail_outcomes import SimulatedDelivery
from local.demo.plan import Plan, SpecialCase, Submission
from local.demo.recording import Recording
from local.demo.recording_environment import recording_environment
from local.demo.staff import Staff
from local.demo.stream import Listener, Stream
from local.demo.timetable import Agenda
from samlocal.events.schedules import event as scheduled
from samlocal.events.stream_batches import Record, reported
from samlocal.ses.mailbox import Mail
from samlocal.template.model import QueueSource, Schedule

if TYPE_CHECKING:
    from local.stack import LocalStack
    from referral_intake.core.referral import Referral

# Seconds until a function receives a stream record.
_STREAM_DELAY_SECONDS = 0.7
_WAKE_INTERVAL = timedelta(minutes=30)
_WAKE_FUNCTION = "WakeFunction"
_FILL_TIME = timedelta(minutes=3)


class Recorder:
    """Records a history up to `end`. `done` is called with the day of each referral."""

    def __init__(
        self, stack: "LocalStack", plan: Plan, end: datetime, done: Callable[[str], None] = lambda _: None
    ) -> None:
        self._stack = stack
        self._plan = plan
        self._end = end
        self._done = done
        self.recording = Recording(stack.url)
        self._agenda = Agenda(plan.start)
        self._submitted: dict[str, Submission] = {}
        self._images: dict[str, dict[str, Any]] = {}
        self._wake_times: set[datetime] = set()

    def run(self) -> None:
        hashing_keys(self._stack.cloud)
        with self._stack.terminal.silenced(), recording_environment(), self._simulated_environment():
            self._start()
            for action in self._agenda.until(self._end):
                action()
                self._process_changes()

    @contextmanager
    def _simulated_environment(self) -> Iterator[None]:
        stack = self._stack
        delivery, deliver = stack.ses.delivery, stack.bus.deliver
        client = Client(stack.gateway)
        doctors = SimulatedDoctors(self._agenda, client, self._chance, lambda mail: self._submission(mail).doctor)
        self._client = client
        stack.bus.deliver = self._queue
        stack.ses.delivery = SimulatedDelivery(
            stack.publisher, self._agenda, self._chance, self._special_case, doctors.receive
        )
        try:
            with InProcessCalls(stack).redirected(), self._agenda.running():
                yield
        finally:
            stack.ses.delivery, stack.bus.deliver = delivery, deliver

    def _start(self) -> None:
        # Import the functions' code again, now that the simulated time and the in-process calls are active.
        self._stack.functions.code.forget()
        self._stream = Stream(self._stack)
        self._staff = Staff(self._agenda, self._waiting, lambda receipt: self._random("staff", receipt))
        self._staff.begin()
        for submission in self._plan.submissions():
            self._agenda.at(submission.at, partial(self._submit, submission))

    # ---- Submissions -------------------------------------------------------------------------------------------------

    def _submit(self, submission: Submission) -> None:
        sent = submission.form | self._proof(submission)
        headers = {"CloudFront-Viewer-Address": f"{submission.source}:443"}
        answered = self._client.post("/api/referrals", json=sent, headers=headers)
        assert answered.status_code == 201, answered.get_data(as_text=True)
        self._submitted[answered.get_json()["receipt"]] = submission
        self._done(f"{submission.at:%d %b}")

    def _proof(self, submission: Submission) -> dict[str, str]:
        """Return a solved challenge. Its first key is the solution, so that no time is spent on proofs of work."""
        import altcha

        from referral_intake.intake.bot_detection import binding_of
        from referral_intake.intake.challenges import Challenges
        from referral_intake.web.client_networks import surrounding_network

        if submission.special_case is SpecialCase.UNPROVEN:
            return {}
        issued_at = self._agenda.now - (
            timedelta(seconds=1) if submission.special_case is SpecialCase.TOO_FAST else _FILL_TIME
        )
        challenges = Challenges(hashing_keys(self._stack.cloud), tries=1)
        network = surrounding_network(submission.source)
        asked = altcha.Challenge.from_dict(challenges.new(binding_of(submission.id), network, issued_at))
        solution = altcha.solve_challenge(asked)
        assert solution, "the first key is the solution"
        return {"challenge": altcha.Payload(asked, solution).to_base64()}

    def _waiting(self) -> Iterator["Referral"]:
        from referral_intake.aws.item_format import from_item

        for image in list(self._images.values()):
            answer = image.get("answer", {}).get("S")
            if image["stage"]["S"] in {"held", "by_post"} or answer in {"call", "information"}:
                yield from_item(image)

    # ---- AWS services ------------------------------------------------------------------------------------------------

    def _process_changes(self) -> None:
        """Deliver stream records to the functions until there are no new records."""
        while True:
            for record in self._stream.new_records():
                self._record_change(record)
            done = [self._deliver(listener) for listener in self._stream.listeners]
            if not any(done):
                return

    def _deliver(self, listener: Listener) -> bool:
        listener.waiting = [record for record in listener.waiting if not self._is_lost(record)]
        if listener.waiting:
            self._agenda.advance(_STREAM_DELAY_SECONDS)
        return self._stream.deliver(listener)

    def _is_lost(self, record: Record) -> bool:
        """Return whether the record is lost: each time, until a person retries the referral."""
        image = record["dynamodb"]["NewImage"]
        submission = self._submitted.get(image["receipt"]["S"])
        return bool(submission and submission.special_case is SpecialCase.LOST and "acts" not in image)

    def _record_change(self, record: Record) -> None:
        image, old = (record["dynamodb"].get(name, {}) for name in ("NewImage", "OldImage"))
        self.recording.note(self._agenda.now, image)
        if "paused_at" in image and "paused_at" not in old:
            self._staff.on_breaker_tripped()
        if image.get("sk", {}).get("S") != "referral":
            return
        self._images[image["receipt"]["S"]] = image
        if due_at := image.get("due_at"):
            wake_time = _next_wake(datetime.fromisoformat(due_at["S"]))
            if wake_time not in self._wake_times:
                self._wake_times.add(wake_time)
                self._agenda.at(wake_time, partial(self._wake, wake_time))

    def _wake(self, wake_time: datetime) -> None:
        """Invoke the scheduled function if a referral is due. At other times, it would find nothing."""
        self._wake_times.discard(wake_time)
        now = self._agenda.now.isoformat()
        if any(image["due_at"]["S"][:19] <= now for image in self._images.values() if "due_at" in image):
            for source in self._stack.template.sources:
                # The other schedules process reports, which the history does not contain.
                if isinstance(source, Schedule) and source.function == _WAKE_FUNCTION:
                    self._stack.functions.invoke(source.function, scheduled(source))

    def _queue(self, queue: str, event: Mapping[str, Any]) -> None:
        """Deliver an event to the functions of the queue directly. Events from sources other than SES are dropped."""
        if event["source"] != "aws.ses":
            return
        for source in self._stack.template.sources:
            if isinstance(source, QueueSource) and source.queue == queue:
                self._agenda.call(0.2, partial(self._invoke_for_event, source, event))

    def _invoke_for_event(self, source: QueueSource, event: Mapping[str, Any]) -> None:
        message = {"messageId": str(uuid.uuid4()), "eventSource": "aws:sqs", "body": json.dumps(event)}
        answer = self._stack.functions.invoke(source.function, {"Records": [message]})
        assert not reported(answer), "feedback failed; see the log"

    # ---- Randomness --------------------------------------------------------------------------------------------------

    def _submission(self, mail: Mail) -> Submission:
        return self._submitted[dict(mail.tags)["referral"]]

    def _special_case(self, mail: Mail) -> SpecialCase | None:
        return self._submission(mail).special_case

    def _chance(self, mail: Mail) -> Random:
        tags = dict(mail.tags)
        return self._random(tags["referral"], tags["step"], mail.time)

    def _random(self, *what: str) -> Random:
        """Return a generator whose seed depends only on the arguments, so that the order of calls does not matter."""
        return Random(" ".join([str(self._plan.seed), *what]))  # noqa: S311


def _next_wake(due: datetime) -> datetime:
    midnight = datetime.combine(due, datetime.min.time(), UTC)
    return midnight + -((midnight - due) // _WAKE_INTERVAL) * _WAKE_INTERVAL
