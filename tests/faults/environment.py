"""Patches botocore, time and the wiring of the handlers, so that a simulation receives every AWS call."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from functools import cached_property
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.endpoint
import botocore.handlers
import jinja2
import pytest
from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from referral_intake.aws import shared_wiring
from referral_intake.intake.challenges import Challenges
from referral_intake.wake import backlog_metrics
from samlocal.template.model import QueueSource, StreamSource
from tests.faults.fake_aws import Engine, FakeSecretsManager
from tests.faults.simulation import Simulation
from tests.integration import aws
from tests.support import proofs


class SimulationEnvironment:
    """Shared by several simulations: an engine, and the patches of botocore, time and wiring."""

    def __init__(self, engine: Engine, patch: pytest.MonkeyPatch) -> None:
        self.engine = engine
        self.patch = patch
        self.simulation: Simulation | None = None
        self.secrets = FakeSecretsManager()
        self._patch_botocore()
        patch.setattr(Challenges, "read", proofs.read_simulated_proof)
        # Metrics for people. No other code depends on them, so faults there are not checked.
        patch.setattr(backlog_metrics, "emit_all", lambda *_: None)
        self.client = boto3.client("dynamodb", endpoint_url=engine.url)
        # Other environments may use the same engine.
        self.table = f"simulation-{uuid.uuid4().hex[:8]}"
        aws.make_tables(self.client, self.table)
        self._set_environment()
        self._patch_time()

    @cached_property
    def redelivered(self) -> frozenset[str]:
        """Functions whose failed events AWS delivers again."""
        sources = [one for one in aws.template().sources if isinstance(one, StreamSource | QueueSource)]
        return frozenset(aws.template().functions[source.function].short_name for source in sources)

    def _patch_botocore(self) -> None:
        hook = ("before-send", self._send)
        others = [one for one in botocore.handlers.BUILTIN_HANDLERS if one[0] != "before-send"]
        self.patch.setattr(botocore.handlers, "BUILTIN_HANDLERS", [*others, hook])
        session = boto3.session.Session()
        if not self.engine.url:
            # moto reads neither the signature nor the user agent, and botocore builds both for each request.
            session._session.set_default_client_config(Config(signature_version=UNSIGNED, user_agent="faults"))
        self.patch.setattr(boto3, "DEFAULT_SESSION", session)
        # A session reads megabytes of JSON, and a client takes as long as ten calls. So processes share them.
        self.patch.setattr(boto3.session, "Session", lambda: session)
        self.patch.setattr(session, "client", _once(session.client))
        self.patch.setattr(jinja2, "Environment", _once(jinja2.Environment))

    def _send(self, event_name: str, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        if self.simulation:
            return self.simulation.interceptor(event_name, request)
        service, operation = event_name.split(".")[1:3]
        return self.send_to_aws(service, operation, request)

    def send_to_aws(self, service: str, operation: str, request: AWSPreparedRequest) -> AWSResponse:
        if service == "sesv2":
            assert self.simulation is not None
            return self.simulation.mail.answer(operation, request)
        if service == "secrets-manager":
            return self.secrets.answer(operation, request)
        assert service == "dynamodb", f"{service} is not simulated"
        return self.engine.send(request)

    def new_simulation(self) -> Simulation:
        self.simulation = None
        for table in (self.table, aws.stats_name(self.table)):
            self.engine.empty(self.client, table)
        self.simulation = Simulation(self)
        return self.simulation

    def _set_environment(self) -> None:
        for function in aws.template().functions:
            for name, value in aws.environment(self.table, self.secrets.names, function).items():
                self.patch.setenv(name, value)
        # Few, so that groups of held referrals are common. Each patient has another source.
        self.patch.setenv("REFERRALS_PER_SOURCE", "6")
        if self.engine.url:
            self.patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", self.engine.url)

    def _patch_time(self) -> None:
        def clock() -> aws.Clock:
            assert self.simulation is not None
            return self.simulation.clock

        class Now(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Any:
                return clock().time.astimezone(tz)

        # Handlers and wiring are the places where the code reads the time.
        modules = [function.handler.rpartition(".")[0] for function in aws.template().functions.values()]
        for module in (shared_wiring, *map(import_module, modules)):
            if hasattr(module, "datetime"):
                self.patch.setattr(module, "datetime", Now)

        def sleep(seconds: float) -> None:
            clock().time += timedelta(seconds=seconds)

        self.patch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=sleep))


def _once(make: Callable[..., Any]) -> Callable[..., Any]:
    """Caches the result for equal arguments."""
    results: dict[str, Any] = {}

    def cached(*args: Any, **options: Any) -> Any:
        key = repr([_cache_key(one) for one in (*args, *options.items())])
        if key not in results:
            results[key] = make(*args, **options)
        return results[key]

    return cached


def _cache_key(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_cache_key(one) for one in value]
    if isinstance(value, Config | jinja2.FileSystemLoader):
        return sorted((name, str(one)) for name, one in vars(value).items())
    return getattr(value, "__name__", value)
