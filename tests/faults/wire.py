"""Between botocore and the cloud: every request of every client passes here, is numbered, and can be broken.

It stands at botocore's own hook before a request goes out, so a new call, and one of a new client, is seen by itself.
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
    """One call of AWS by a function. What the SDK repeats belongs to it."""

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

    `began` and `looked` are the wire's moments: of its beginning, and of its last call of the table.
    """

    function: str
    began: int
    looked: int = 0
    looked_by: str = ""
    is_cut_off: bool = False
    cut: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request about to go out. `effect` carries it to the cloud and back."""

    call: Call
    run: Run
    request: AWSPreparedRequest
    effect: Callable[[], AWSResponse]

    def answer(self, status: int, data: object, headers: Mapping[str, str] | None = None) -> AWSResponse:
        return response(self.request, status, data, headers)


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls a call.

    `everyone` says whether the SDK's repetitions of it fare no better, `keeps_on` whether all calls like it do, until
    AWS gives up, and `is_mended` whether all is well once the SDK repeats it.
    """

    name: str
    strike: Callable[[Attempt], AWSResponse]
    everyone: bool = True
    keeps_on: bool = False
    is_mended: bool = False


@dataclass
class Wire:
    """`send` carries a request out, `tick` moves the clock, `then` is told of what has taken effect.

    `reached` is told of every call that is walked, before anything becomes of it, and `mended` when what befell a call
    has left no trace that the calls before it did not leave.
    """

    send: Send
    tick: Callable[[], object]
    then: Callable[[str, str], object]
    reached: Callable[[Call], object] = lambda _: None
    mended: Callable[[], object] = lambda: None
    calls: list[Call] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    point: int | None = None
    fault: Fault | None = None
    moment: int = 0
    is_sparing: bool = False
    spares_until: str | None = None
    _by_id: dict[str, Call] = field(default_factory=dict)

    def strike(self, point: int, fault: Fault) -> None:
        """From now on, the call of that number meets the fault."""
        self.point, self.fault = point, fault

    def give_up(self) -> None:
        """AWS has tried often enough: what comes now is not part of it."""
        if self.fault and self.fault.keeps_on:
            self.fault = None

    @property
    def is_spared(self) -> bool:
        """Whether what happens now is walked in another story."""
        return self.is_sparing or self.spares_until is not None

    @contextmanager
    def running(self, function: str) -> Iterator[Run]:
        """What is called from here on is called by this function."""
        run = Run(function, self.moment)
        self.runs.append(run)
        try:
            yield run
        finally:
            self.runs.pop()
        if run.is_cut_off and not run.cut:
            self.mended()  # Nothing followed, so this was as if that call alone had been refused.

    @contextmanager
    def sparing(self) -> Iterator[None]:
        """What is called here is walked in another story."""
        before, self.is_sparing = self.is_sparing, True
        try:
            yield
        finally:
            self.is_sparing = before

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is called here is the tests' own looking."""
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
        call, is_first = self._called(run, service, operation, request)
        attempt = Attempt(call, run, request, lambda: self._effect(run, call, request))
        if is_first and not self.is_spared:
            self.reached(call)
        if self.fault and self._is_struck(call, is_first=is_first):
            return self.fault.strike(attempt)
        if run.is_cut_off:
            run.cut += 1
            raise EndpointConnectionError(endpoint_url=request.url)
        if self.fault and self.fault.is_mended and call.number == self.point:
            self.mended()  # The SDK has tried again by itself.
        return attempt.effect()

    def _is_struck(self, call: Call, *, is_first: bool) -> bool:
        assert self.fault
        assert self.point is not None
        if self.fault.keeps_on and call.number > self.point:
            return call.kind == self.calls[self.point].kind
        return call.number == self.point and (is_first or self.fault.everyone)

    def _effect(self, run: Run, call: Call, request: AWSPreparedRequest) -> AWSResponse:
        answer = self.send(call.service, call.operation, request)
        self.moment += 1
        if call.service == "dynamodb":
            run.looked, run.looked_by = self.moment, call.operation
        self.then(call.service, call.operation)
        return answer

    def _called(self, run: Run, service: str, operation: str, request: AWSPreparedRequest) -> tuple[Call, bool]:
        sdk_id: Any = request.headers["amz-sdk-invocation-id"]
        is_first = sdk_id not in self._by_id
        if is_first:
            about_a_referral = "referral#" in str(request.body)
            self._by_id[sdk_id] = Call(len(self.calls), run.function, service, operation, about_a_referral)
            self.calls.append(self._by_id[sdk_id])
            self.spares_until = None if operation == self.spares_until else self.spares_until
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
