"""Render the messages of the recorded history from the current wording of the campaign."""

import base64
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.demo.history import Item
from referral_intake.aws.item_format import from_item, timestamp
from referral_intake.aws.keys import DoctorHashes, Ring
from referral_intake.aws.sent_messages import message_item
from referral_intake.aws.ses import SesMailer
from referral_intake.aws.signed_links import Links
from referral_intake.core.campaign import Campaign
from referral_intake.core.claim import Claim
from referral_intake.core.message import Message
from referral_intake.core.steps import DeliveryStatus
from referral_intake.outreach.message_templates import MessageComposer

if TYPE_CHECKING:
    from samlocal.ses.ses_api import Ses


class _RequestRecorder:
    """Replaces the SES client, and stores the request of the mailer."""

    def send_email(self, **request: Any) -> dict[str, str]:
        self.request = request
        return {"MessageId": ""}


class Outbox:
    """Renders the messages to doctors. The templates and the sender are those of the functions' environment."""

    def __init__(self, campaign: Campaign, hashing_keys: Ring, signing_keys: Ring) -> None:
        site_url = os.environ["SITE_URL"]
        self._campaign = campaign
        self._hashes = DoctorHashes(hashing_keys)
        self._messages = MessageComposer(
            Path(os.environ["TEMPLATES_DIR"]), Links(signing_keys, site_url), site_url, approved_only=False
        )
        self._sent = _RequestRecorder()
        client: Any = self._sent
        self._mailer = SesMailer(client, os.environ["SENDER_ADDRESS"], os.environ["CONFIGURATION_SET"])
        self._mails: list[tuple[datetime, str, dict[str, Any]]] = []

    def render(self, item: Item) -> Iterator[Item]:
        """Yield the items of a referral's messages, and add their version and content hash to the referral's item."""
        referral = from_item(item)
        for step, written in referral.messages.items():
            claim = Claim(referral, step, *self._hashes.of(referral))
            message = self._messages.compose(referral, self._campaign, claim)
            for one in item["messages"]["M"][step]["M"]["tries"]["M"].values():
                one["M"] |= {"version": {"S": message.version}, "content_hash": {"S": message.content_hash}}
            self._send(message, written)
            kept = message_item(referral, step, message)
            yield {**kept, "message": {"B": base64.b64encode(kept["message"]["B"]).decode()}}

    def _send(self, message: Message, written: DeliveryStatus) -> None:
        self._mailer.send(message)
        self._mails += [(one.at, message_id, self._sent.request) for message_id, one in written.attempts.items()]

    def deliver(self, ses: "Ses") -> None:
        """Add the messages to the mailbox, the oldest first."""
        for at, message_id, request in sorted(self._mails, key=lambda mail: mail[:2]):
            ses.import_message(request, message_id, timestamp(at))
