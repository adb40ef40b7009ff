"""Read the user pools of Cognito from the template, with their groups and clients."""

from collections.abc import Iterable

from samlocal.template.intrinsics import TemplateError
from samlocal.template.model import UserPool, UserPoolClient
from samlocal.template.properties import Properties

_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}


def group(found: Properties) -> tuple[str, str]:
    """Return the id of the pool and the name of the group."""
    return found.take("UserPoolId"), found.take("GroupName")


def client(client_id: str, found: Properties) -> tuple[str, UserPoolClient]:
    """Return the id of the pool and the client."""
    units = found.take("TokenValidityUnits", default={})
    rotation = found.take("RefreshTokenRotation", default={})

    def lifetime(token: str, default: int, unit: str) -> int:
        return int(found.take(f"{token}Validity", default=default)) * _SECONDS[units.get(token, unit)]

    return found.take("UserPoolId"), UserPoolClient(
        id=client_id,
        callbacks=tuple(found.take("CallbackURLs", default=())),
        logouts=tuple(found.take("LogoutURLs", default=())),
        scopes=tuple(found.take("AllowedOAuthScopes", default=())),
        access_lifetime=lifetime("AccessToken", 1, "hours"),
        id_lifetime=lifetime("IdToken", 1, "hours"),
        refresh_lifetime=lifetime("RefreshToken", 30, "days"),
        rotates=rotation.get("Feature") == "ENABLED",
        grace=int(rotation.get("RetryGracePeriodSeconds", 0)),
    )


def pool(
    pool_id: str,
    issuer: str,
    found: Properties,
    groups: Iterable[tuple[str, str]],
    clients: Iterable[tuple[str, UserPoolClient]],
) -> UserPool:
    """Return the pool with its groups and clients. Raise TemplateError for settings that are not supported."""
    if found.take("UsernameAttributes", default=None):
        raise TemplateError(f"{found.where}: the local stack does not support UsernameAttributes")
    return UserPool(
        id=pool_id,
        issuer=issuer,
        name=found.take("UserPoolName", default=pool_id),
        groups=tuple(name for of, name in groups if of == pool_id),
        clients=tuple(one for of, one in clients if of == pool_id),
    )
