"""What waits for a person, and what a person does about it."""

from aws_lambda_powertools.event_handler.api_gateway import Router

router = Router()  # type: ignore[no-untyped-call]  # Powertools says nothing of it
