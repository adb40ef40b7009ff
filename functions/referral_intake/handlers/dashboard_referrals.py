"""Referrals: searches, one in detail, and the very messages that were sent."""

from aws_lambda_powertools.event_handler.api_gateway import Router

router = Router()  # type: ignore[no-untyped-call]  # Powertools says nothing of it
