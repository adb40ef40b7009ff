"""The user directory of the team, and the email addresses of its members."""

from typing import TYPE_CHECKING

import pytest
from botocore.stub import Stubber

from referral_intake.aws import user_directory
from referral_intake.aws.user_directory import UserDirectory
from referral_intake.core.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

EMAIL = "ana@star.example"
NAME = "ana.lopez"


@pytest.fixture
def cognito(cloud: None) -> "CognitoIdentityProviderClient":
    return user_directory.new_client()


@pytest.fixture
def pool(cognito: "CognitoIdentityProviderClient") -> str:
    pool_id = cognito.create_user_pool(PoolName="team", AliasAttributes=["email"])["UserPool"]["Id"]
    cognito.create_group(UserPoolId=pool_id, GroupName="viewer")
    return pool_id


def added(cognito: "CognitoIdentityProviderClient", pool: str, *, verified: str = "true", group: bool = True) -> str:
    """Returns the username."""
    attributes = {"email": EMAIL, "email_verified": verified}
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=NAME,
        UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
    )
    if group:
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=NAME, GroupName="viewer")
    return NAME


def test_mail_goes_to_a_verified_address(cognito: "CognitoIdentityProviderClient", pool: str) -> None:
    assert UserDirectory(pool).address_of(added(cognito, pool)) == EMAIL


def test_no_mail_goes_to_an_unverified_address(cognito: "CognitoIdentityProviderClient", pool: str) -> None:
    assert UserDirectory(pool).address_of(added(cognito, pool, verified="false")) is None


def test_a_user_without_a_role_gets_no_mail(cognito: "CognitoIdentityProviderClient", pool: str) -> None:
    assert UserDirectory(pool).address_of(added(cognito, pool, group=False)) is None


def test_a_disabled_user_gets_no_mail(cognito: "CognitoIdentityProviderClient", pool: str) -> None:
    user = added(cognito, pool)
    cognito.admin_disable_user(UserPoolId=pool, Username=user)
    assert UserDirectory(pool).address_of(user) is None
    cognito.admin_enable_user(UserPoolId=pool, Username=user)
    assert UserDirectory(pool).address_of(user) == EMAIL
    cognito.admin_delete_user(UserPoolId=pool, Username=user)
    assert UserDirectory(pool).address_of(user) is None


@pytest.mark.parametrize("code", ["TooManyRequestsException", "InternalErrorException", "NotAuthorizedException"])
def test_a_directory_that_does_not_respond_is_not_read_as_empty(fake_credentials: None, code: str) -> None:
    client = user_directory.new_client()
    stub = Stubber(client)
    stub.add_client_error("admin_get_user", code)
    with stub, pytest.raises(Unavailable, match=code):
        UserDirectory("us-east-1_Team", lambda: client).address_of("u1")
