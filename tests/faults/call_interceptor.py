"""Intercepts every request of botocore: numbers it, and can make it fail.

Uses botocore's hook before a request is sent, so it covers new calls and new clients without any change.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import EndpointConnectionError

Send = Callable[[str, str, AWSPreparedRequest], AWSResponse]


@dataclass(frozen=True, slots=True)
class Call:
    """One AWS call by a function. Retries of the SDK belong to it."""

    number: int
    function: str
    service: str
    operation: str
    about_a_referral: bool

    @property
    def kind(self) -> tuple[str, str]:
        return self.function, self.operation

    def __str__(self) -> str:
        return f"call {self.number} ({self.operation} by {self.function})"


@dataclass(slots=True)
class Run:
    """One invocation of a function.

    `started` and `last_table_call` are values of `CallInterceptor.moment`, the number of effects so far.
    """

    function: str
    started: int
    last_table_call: int = 0
    last_table_operation: str = ""
    is_disconnected: bool = False
    refused_calls: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request before it is sent. `effect` sends it to the cloud and returns the response."""

    call: Call
    run: Run
    request: AWSPreparedRequest
    effect: Callable[[], AWSResponse]

    def answer(self, status: int, data: object, headers: Mapping[str, str] | None = None) -> AWSResponse:
        return response(self.request, status, data, headers)


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure of a call.

    `affects_retries`: retries of the SDK fail as well. `is_persistent`: all calls of the same kind fail until AWS
    stops retrying. `is_recovered`: a retry of the SDK succeeds.
    """

    name: str
    apply: Callable[[Attempt], AWSResponse]
    affects_retries: bool = True
    is_persistent: bool = False
    is_recovered: bool = False


@dataclass
class CallInterceptor:
    """`send` sends a request, `tick` moves the clock, and `after_effect` is called after an effect.

    `before_call` is called before each checked call. `on_recovery` is called once a fault has left no trace that the
    calls before it did not leave.
    """

    send: Send
    tick: Callable[[], object]
    after_effect: Callable[[str, str], object]
    before_call: Callable[[Call], object] = lambda _: None
    on_recovery: Callable[[], object] = lambda: None
    calls: list[Call] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    point: int | None = None
    fault: Fault | None = None
    moment: int = 0
    is_skipping: bool = False
    skipped_until: str | None = None
    _by_id: dict[str, Call] = field(default_factory=dict)

    def inject(self, point: int, fault: Fault) -> None:
        """Injects the fault at the call with this number."""
        self.point, self.fault = point, fault

    def stop_retrying(self) -> None:
        """AWS stops retrying: later calls are not affected."""
        if self.fault and self.fault.is_persistent:
            self.fault = None

    @property
    def is_skipped(self) -> bool:
        """Whether another scenario covers the current calls."""
        return self.is_skipping or self.skipped_until is not None

    @contextmanager
    def running(self, function: str) -> Iterator[Run]:
        """Assigns all calls in this context to the function."""
        run = Run(function, self.moment)
        self.runs.append(run)
        try:
            yield run
        finally:
            self.runs.pop()
        if run.is_disconnected and not run.refused_calls:
            self.on_recovery()  # No call followed, so this equals the refusal of that call alone.

    @contextmanager
    def skipping(self) -> Iterator[None]:
        """Another scenario covers the calls in this context."""
        before, self.is_skipping = self.is_skipping, True
        try:
            yield
        finally:
            self.is_skipping = before

    @contextmanager
    def unobserved(self) -> Iterator[None]:
        """Calls in this context are checks by the tests."""
        runs, self.runs = self.runs, []
        try:
            yield
        finally:
            self.runs = runs

    def __call__(self, event_name: str, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        service, operation = event_name.split(".")[1:3]
        if not self.runs:
            return self.send(service, operation, request)
        self.tick()
        run = self.runs[-1]
        call, is_first = self._identify(run, service, operation, request)
        attempt = Attempt(call, run, request, lambda: self._effect(run, call, request))
        if is_first and not self.is_skipped:
            self.before_call(call)
        if self.fault and self._is_affected(call, is_first=is_first):
            return self.fault.apply(attempt)
        if run.is_disconnected:
            run.refused_calls += 1
            raise EndpointConnectionError(endpoint_url=request.url)
        if self.fault and self.fault.is_recovered and call.number == self.point:
            self.on_recovery()  # The SDK retried by itself.
        return attempt.effect()

    def _is_affected(self, call: Call, *, is_first: bool) -> bool:
        assert self.fault
        assert self.point is not None
        if self.fault.is_persistent and call.number > self.point:
            return call.kind == self.calls[self.point].kind
        return call.number == self.point and (is_first or self.fault.affects_retries)

    def _effect(self, run: Run, call: Call, request: AWSPreparedRequest) -> AWSResponse:
        answer = self.send(call.service, call.operation, request)
        self.moment += 1
        if call.service == "dynamodb":
            run.last_table_call, run.last_table_operation = self.moment, call.operation
        self.after_effect(call.service, call.operation)
        return answer

    def _identify(self, run: Run, service: str, operation: str, request: AWSPreparedRequest) -> tuple[Call, bool]:
        sdk_id: Any = request.headers["amz-sdk-invocation-id"]
        is_first = sdk_id not in self._by_id
        if is_first:
            about_a_referral = "referral#" in str(request.body)
            self._by_id[sdk_id] = Call(len(self.calls), run.function, service, operation, about_a_referral)
            self.calls.append(self._by_id[sdk_id])
            self.skipped_until = None if operation == self.skipped_until else self.skipped_until
        return self._by_id[sdk_id], is_first


class _Raw(BytesIO):
    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


def response(
    request: AWSPreparedRequest, status: int, data: object, headers: Mapping[str, str] | None = None
) -> AWSResponse:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    raw: Any = _Raw(body)
    plain: Any = dict(headers or {})
    return AWSResponse(request.url, status, plain, raw)
