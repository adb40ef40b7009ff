"""The team's user directory in Cognito: the email addresses of users."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from referral_intake.core.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

_CONFIG = Config(connect_timeout=2, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3})


def new_client() -> "CognitoIdentityProviderClient":
    return boto3.client("cognito-idp", config=_CONFIG)


class UserDirectory:
    """`pool` is the user pool's id. Requires the permissions AdminGetUser and AdminListGroupsForUser."""

    def __init__(self, pool: str, client: Callable[[], "CognitoIdentityProviderClient"] = new_client) -> None:
        self._pool = pool
        self._client = client()

    def address_of(self, username: str) -> str | None:
        """Return the verified address of a user who may sign in and has a role. Raise Unavailable."""
        try:
            found = self._client.admin_get_user(UserPoolId=self._pool, Username=username)
            attributes = {one["Name"]: one.get("Value") for one in found["UserAttributes"]}
            if not found["Enabled"] or attributes.get("email_verified") != "true" or not self._has_a_role(username):
                return None
        except self._client.exceptions.UserNotFoundException:
            return None
        except (BotoCoreError, ClientError) as error:
            raise Unavailable(type(error).__name__) from error
        return attributes.get("email")

    def _has_a_role(self, username: str) -> bool:
        return bool(self._client.admin_list_groups_for_user(UserPoolId=self._pool, Username=username)["Groups"])
