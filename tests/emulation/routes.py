"""The routes and the authorizer of an HTTP API, made by calls of API Gateway from the Body of its template."""

import json
from typing import Any

from samlocal.template.model import REGION
from tests.emulation.emulator import ACCOUNT
from tests.emulation.stack import EmulatedStack


def import_body(stack: EmulatedStack) -> None:
    gateway, api = stack.client("apigatewayv2"), stack.resource("HttpApi")
    stack.routes_of_body = len(gateway.get_routes(ApiId=api)["Items"])
    body = stack.transformed["Resources"]["HttpApi"]["Properties"]["Body"]
    authorizers = _authorizers(stack, gateway, api)
    integrations: dict[str, str] = {}
    for path, methods in body["paths"].items():
        for method, operation in methods.items():
            target = _alias(stack, operation)
            integrations[target] = integrations.get(target) or _integration(gateway, api, target)
            verb = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
            route = {"RouteKey": f"{verb} {path}", "Target": f"integrations/{integrations[target]}"}
            for name in (name for one in operation.get("security", []) for name in one):
                route |= {"AuthorizationType": "JWT", "AuthorizerId": authorizers[name]}
            gateway.create_route(ApiId=api, **route)


def _authorizers(stack: EmulatedStack, gateway: Any, api: str) -> dict[str, str]:
    issuer = {"Issuer": stack.outputs["SignInIssuer"], "Audience": [stack.outputs["SignInClient"]]}
    body = stack.transformed["Resources"]["HttpApi"]["Properties"]["Body"]
    made = {}
    for name, scheme in body["components"]["securitySchemes"].items():
        source = scheme["x-amazon-apigateway-authorizer"]["identitySource"]
        created = gateway.create_authorizer(
            ApiId=api, Name=name, AuthorizerType="JWT", IdentitySource=[source], JwtConfiguration=issuer
        )
        made[name] = created["AuthorizerId"]
    return made


def _alias(stack: EmulatedStack, operation: Any) -> str:
    uri = json.dumps(operation["x-amazon-apigateway-integration"]["uri"])
    function = uri.partition("functions/${")[2].partition("Aliaslive}")[0]
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{stack.resource(function)}:live"


def _integration(gateway: Any, api: str, function: str) -> str:
    made = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0"
    )
    return str(made["IntegrationId"])
