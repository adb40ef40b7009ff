"""Compute the local values of `Ref` and `GetAtt` for resources: names, URLs, ARNs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from samlocal.template.intrinsics import Resolver, TemplateError
from samlocal.template.model import ACCOUNT, PARTITION, REGION


@dataclass(frozen=True, slots=True)
class Places:
    """Values that AWS would choose: the name of the stack, the base URL of queues, and the base URL of the sign-in."""

    stack_name: str
    queues: str
    sign_in: str = "http://127.0.0.1"


def pseudo_parameters(stack_name: str) -> dict[str, str]:
    return {
        "AWS::AccountId": ACCOUNT,
        "AWS::Partition": PARTITION,
        "AWS::Region": REGION,
        "AWS::StackId": f"arn:{PARTITION}:cloudformation:{REGION}:{ACCOUNT}:stack/{stack_name}/local",
        "AWS::StackName": stack_name,
        "AWS::URLSuffix": "amazonaws.com",
    }


# The property with the name of a resource, for templates that specify it.
_NAME_PROPERTIES = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::Cognito::UserPoolDomain": "Domain",
    "AWS::SES::ConfigurationSet": "Name",
    "AWS::Serverless::Function": "FunctionName",
    "AWS::Serverless::HttpApi": "Name",
    "AWS::Serverless::LayerVersion": "LayerName",
}


# Types whose ids AWS generates.
_GENERATED_IDS = {"AWS::Cognito::UserPool", "AWS::Cognito::UserPoolClient"}


def parameters(declared: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """Return the value of every parameter. Raise TemplateError if one has no value.

    Patterns are not checked, because locally the URL of the site does not start with https.
    """
    values = {}
    for name, parameter in declared.items():
        if name in given:
            values[name] = given[name]
        elif "Default" in parameter:
            values[name] = str(parameter["Default"])
        else:
            raise TemplateError(f"{name}: this parameter has no default and no value was given")
    return values


def of_resources(resources: Mapping[str, Any], known: Mapping[str, str], places: Places) -> dict[str, str]:
    """Return the values of all references. Types that are not listed in _ATTRIBUTES have none.

    A reference to one of these raises TemplateError later.
    """
    values: dict[str, str] = {}
    for logical_id, resource in resources.items():
        kind = resource.get("Type")
        if kind in _ATTRIBUTES:
            name = _name(logical_id, resource, Resolver(known), places.stack_name)
            for attribute, value in _ATTRIBUTES[kind](name, places).items():
                values[f"{logical_id}.{attribute}" if attribute else logical_id] = value
    return values


def _name(logical_id: str, resource: Mapping[str, Any], resolver: Resolver, stack_name: str) -> str:
    if resource["Type"] in _GENERATED_IDS:
        return logical_id
    properties = resource.get("Properties") or {}
    given = properties.get(_NAME_PROPERTIES[resource["Type"]])
    suffix = ".fifo" if properties.get("FifoQueue") else ""
    return str(resolver.resolve(given, logical_id)) if given else f"{stack_name}-{logical_id}{suffix}"


def _arn(service: str, resource: str) -> str:
    return f"arn:{PARTITION}:{service}:{REGION}:{ACCOUNT}:{resource}"


def _table(name: str, _: Places) -> dict[str, str]:
    arn = _arn("dynamodb", f"table/{name}")
    return {"": name, "Arn": arn, "StreamArn": f"{arn}/stream/local"}


def _queue(name: str, places: Places) -> dict[str, str]:
    url = f"{places.queues}/{ACCOUNT}/{name}"
    return {"": url, "Arn": _arn("sqs", name), "QueueName": name, "QueueUrl": url}


def _secret(name: str, _: Places) -> dict[str, str]:
    # A partial ARN, without the six random characters that Secrets Manager adds. It identifies the secret too.
    arn = _arn("secretsmanager", f"secret:{name}")
    return {"": arn, "Id": arn}


def _function(name: str, _: Places) -> dict[str, str]:
    return {"": name, "Arn": _arn("lambda", f"function:{name}")}


def _layer(name: str, _: Places) -> dict[str, str]:
    return {"": _arn("lambda", f"layer:{name}:1")}


def _only_name(name: str, _: Places) -> dict[str, str]:
    return {"": name}


def _bucket(name: str, _: Places) -> dict[str, str]:
    # S3 allows only lower-case names.
    return {"": name.lower(), "Arn": f"arn:{PARTITION}:s3:::{name.lower()}"}


def _user_pool(name: str, places: Places) -> dict[str, str]:
    pool = f"{REGION}_{name}"
    url = f"{places.sign_in}/{pool}"
    return {
        "": pool,
        "UserPoolId": pool,
        "Arn": _arn("cognito-idp", f"userpool/{pool}"),
        "ProviderURL": url,
        "ProviderName": url.partition("://")[2],
    }


def _user_pool_client(name: str, _: Places) -> dict[str, str]:
    return {"": name, "ClientId": name}


_ATTRIBUTES: dict[str, Callable[[str, Places], dict[str, str]]] = {
    "AWS::Cognito::UserPool": _user_pool,
    "AWS::Cognito::UserPoolClient": _user_pool_client,
    "AWS::Cognito::UserPoolDomain": _only_name,
    "AWS::DynamoDB::Table": _table,
    "AWS::S3::Bucket": _bucket,
    "AWS::SQS::Queue": _queue,
    "AWS::SecretsManager::Secret": _secret,
    "AWS::SES::ConfigurationSet": _only_name,
    "AWS::Serverless::Function": _function,
    "AWS::Serverless::HttpApi": _only_name,
    "AWS::Serverless::LayerVersion": _layer,
}
