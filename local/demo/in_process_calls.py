"""Call the AWS emulator from handlers without sockets, in the same process.

This saves most of the time of a referral. Calls can reach only the local stack.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import botocore
from botocore import xform_name
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.model import OperationModel
from moto.core.botocore_stubber import MockRawResponse
from moto.core.exceptions import ServiceException
from moto.core.request import normalize_request
from moto.dynamodb.responses import DynamoHandler
from moto.secretsmanager.responses import SecretsManagerResponse
from werkzeug.exceptions import HTTPException
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from samlocal.template.model import ACCOUNT, REGION

if TYPE_CHECKING:
    from local.stack import LocalStack

_MOTO: dict[str, tuple[str, Any]] = {
    "dynamodb": ("dynamodb", DynamoHandler),
    "secrets-manager": ("secretsmanager", SecretsManagerResponse),
}


# One shared instance, because its creation takes longer than most calls.
_DYNAMODB = DynamoHandler()
_DYNAMODB.current_account, _DYNAMODB.region = ACCOUNT, REGION


class InProcessCalls:
    def __init__(self, stack: "LocalStack") -> None:
        self._stack = stack

    @contextmanager
    def redirected(self) -> Iterator[None]:
        """Redirect the calls of clients that are created from the default session within the context."""
        assert boto3.DEFAULT_SESSION
        events: Any = boto3.DEFAULT_SESSION.events
        events.register_first("before-call.dynamodb", _ask_dynamodb)
        events.register_first("before-send", self._send)
        # Requests are not signed, because the emulator does not check signatures.
        events.register_first("choose-signer", _unsigned)
        try:
            yield
        finally:
            events.unregister("before-call.dynamodb", _ask_dynamodb)
            events.unregister("before-send", self._send)
            events.unregister("choose-signer", _unsigned)

    def _send(self, event_name: str, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        service = event_name.split(".")[1]
        if service in _MOTO:
            return _moto(service, request)
        if service == "sesv2":
            path = request.url.partition("/_local/ses/")[2]
            return _answered(request, self._stack.ses.answer(_request(request), path))
        if service == "eventbridge":
            return _answered(request, self._stack.bus_api.answer(_request(request)))
        raise NotImplementedError(f"the demo does not support {service}")


def _ask_dynamodb(model: OperationModel, params: dict[str, Any], **_: object) -> tuple[AWSResponse, Any] | None:
    """Call DynamoDB without an HTTP request. If that fails, return None, so that botocore sends a request.

    The request fails too, but produces the usual botocore error.
    """
    _DYNAMODB.body = json.loads(params["body"])
    try:
        said = getattr(_DYNAMODB, xform_name(model.name))().result
    except (HTTPException, ServiceException):
        return None
    # Copy the result, because moto returns its internal objects.
    answer = json.loads(json.dumps(said)) | {"ResponseMetadata": {"HTTPStatusCode": 200}}
    return _response(params["url"], 200, {}, b""), answer


def _unsigned(**_: object) -> Any:
    return botocore.UNSIGNED


def _moto(service: str, request: AWSPreparedRequest) -> AWSResponse:
    # moto expects a request to a URL of AWS.
    name, responder = _MOTO[service]
    url = f"https://{name}.{REGION}.amazonaws.com/"
    body = _body(request)
    sent = normalize_request(AWSPreparedRequest(request.method, url, request.headers, body, stream_output=False))
    status, headers, text = responder.dispatch(sent, url, sent.headers)
    return _response(request.url, status, headers, text.encode() if isinstance(text, str) else text)


def _request(request: AWSPreparedRequest) -> Request:
    headers = [(name, _text(value)) for name, value in request.headers.items()]
    return EnvironBuilder(request.url, method=request.method, headers=headers, data=_body(request)).get_request(Request)


def _answered(request: AWSPreparedRequest, response: Response) -> AWSResponse:
    return _response(request.url, response.status_code, dict(response.headers), response.get_data())


def _response(url: str, status: int, headers: Any, body: bytes) -> AWSResponse:
    raw: Any = MockRawResponse(body)
    return AWSResponse(url, status, headers, raw)


def _body(request: AWSPreparedRequest) -> bytes:
    body: Any = request.body
    return body.encode() if isinstance(body, str) else body or b""


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
