"""Exports, letters, and the weekly summary: what outlasts a request."""

from aws_lambda_powertools.event_handler.api_gateway import Router

router = Router()  # type: ignore[no-untyped-call]  # Powertools says nothing of it
