"""Create a user pool with sample users: one for each group, and one without a group.

Users that are added later, for example with `aws cognito-idp admin-create-user`, can sign in too.
"""

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from samlocal.template.model import UserPool

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_cognito_idp.type_defs import AttributeTypeTypeDef

_MAIL_DOMAIN = "team.example"
# The user without a group, to test what such a user sees.
USER_WITHOUT_GROUP = "newcomer"


@dataclass(frozen=True, slots=True)
class Member:
    """A user of the pool. `sub` is the permanent id that Cognito generated."""

    username: str
    sub: str
    email: str
    groups: tuple[str, ...]


class Users:
    def __init__(self, cognito: "CognitoIdentityProviderClient") -> None:
        self._cognito = cognito

    def make(self, pool: UserPool) -> None:
        """Create the pool with its clients, groups and users, unless it exists."""
        with suppress(self._cognito.exceptions.ResourceNotFoundException):
            self._cognito.describe_user_pool(UserPoolId=pool.id)
            return
        # Imported here, because the import takes half a second. The moto server has imported it by now.
        from samlocal.aws import moto_data

        made = self._cognito.create_user_pool(PoolName=pool.name, AliasAttributes=["email"])
        moto_data.rename_pool(made["UserPool"]["Id"], pool.id)
        for client in pool.clients:
            added = self._cognito.create_user_pool_client(UserPoolId=pool.id, ClientName=client.id)
            moto_data.rename_client(pool.id, added["UserPoolClient"]["ClientId"], client.id)
        for group in pool.groups:
            self._cognito.create_group(UserPoolId=pool.id, GroupName=group)
            self._add(pool, group, group)
        self._add(pool, USER_WITHOUT_GROUP, None)

    def members(self, pool: UserPool) -> list[Member]:
        """Return the enabled users, in the order in which they were added."""
        pages = self._cognito.get_paginator("list_users").paginate(UserPoolId=pool.id)
        found = [user for page in pages for user in page["Users"] if user["Enabled"]]
        return [
            self._member(pool, user["Username"], {one["Name"]: one.get("Value", "") for one in user["Attributes"]})
            for user in sorted(found, key=lambda user: user["UserCreateDate"])
        ]

    def _member(self, pool: UserPool, username: str, attributes: Mapping[str, str]) -> Member:
        groups = self._cognito.admin_list_groups_for_user(UserPoolId=pool.id, Username=username)["Groups"]
        names = tuple(group["GroupName"] for group in groups)
        return Member(username, attributes["sub"], attributes.get("email", ""), names)

    def _add(self, pool: UserPool, name: str, group: str | None) -> None:
        attributes: list[AttributeTypeTypeDef] = [
            {"Name": "email", "Value": f"{name}@{_MAIL_DOMAIN}"},
            {"Name": "email_verified", "Value": "true"},
        ]
        self._cognito.admin_create_user(UserPoolId=pool.id, Username=name, UserAttributes=attributes)
        # The password is never typed: users sign in locally with one click.
        password = f"Aa1!{secrets.token_urlsafe(24)}"
        self._cognito.admin_set_user_password(UserPoolId=pool.id, Username=name, Password=password, Permanent=True)
        if group:
            self._cognito.admin_add_user_to_group(UserPoolId=pool.id, Username=name, GroupName=group)
