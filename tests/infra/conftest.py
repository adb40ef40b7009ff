from tests.permissions.session_recorder import calls_are_permitted, permission_recorder

__all__ = ["calls_are_permitted", "permission_recorder"]
