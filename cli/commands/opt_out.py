"""`opt-out`: record an opt-out that came by letter, by phone or in person, also without a referral."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli import options, stacks
from cli.errors import CommandError
from cli.operator_actions import operator
from referral_intake.aws.audit_log import audit_item
from referral_intake.aws.claims import ClaimTable
from referral_intake.aws.keys import DoctorHashes
from referral_intake.aws.secrets import Secrets
from referral_intake.core.doctor import FORM_FIELDS, Address, Doctor
from referral_intake.core.reasons import Closing
from referral_intake.core.validation import Invalid

_NAMES = {"email": "email", "npi": "NPI", "phone": "name and phone", "postcode": "name and ZIP code"}


def command(
    stack: options.Stack = None,
    email: Annotated[str | None, typer.Option(metavar="ADDRESS", help="The doctor's email address.")] = None,
    npi: Annotated[str | None, typer.Option(metavar="NUMBER", help="The doctor's NPI.")] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="The doctor's name.")] = None,
    phone: Annotated[str | None, typer.Option(metavar="NUMBER", help="With --name: the doctor's phone.")] = None,
    zip_code: Annotated[
        str | None, typer.Option("--zip", metavar="CODE", help="With --name: the ZIP code of the doctor's address.")
    ] = None,
    campaign: Annotated[
        str | None, typer.Option(metavar="CAMPAIGN", help="Only this campaign.", show_default="all campaigns")
    ] = None,
) -> int:
    """Record that a doctor wants no more messages, for instance after a letter or a call.

    Give everything you know: --email, --npi, --name with --phone, --name with --zip. The doctor gets no more emails,
    letters or calls. If there is a referral, use "Record opt-out" on the dashboard instead, which also closes it.
    """
    doctor = _doctor(email=email, npi=npi, name=name, phone=phone, zip_code=zip_code)
    target, now = stacks.select(stack), datetime.now(UTC)
    keys, _ = DoctorHashes(lambda: Secrets().keyring(target.output("HashingKeysArn"))).of_doctor(doctor)
    ClaimTable(target.dynamodb, target.output("TableName")).suppress(
        keys,
        Closing.OPTED_OUT,
        "",
        now,
        campaign,
        is_personal=True,
        puts=[audit_item(operator(), "opt-out", [], now)],
    )
    scope = f"of {campaign}" if campaign else "of any campaign"
    print(f"The doctor gets no more messages {scope}. Stored under: {', '.join(_NAMES[kind] for kind in doctor.keys)}.")
    return 0


def _doctor(*, email: str | None, npi: str | None, name: str | None, phone: str | None, zip_code: str | None) -> Doctor:
    """Return a doctor with these details. Raise BadParameter, CommandError."""
    if (phone or zip_code) and not name:
        raise typer.BadParameter("--phone and --zip need --name.")
    doctor = Doctor(
        name=_parsed("doctor.name", "--name", name) or "",
        email=_parsed("doctor.email", "--email", email),
        npi=_parsed("doctor.npi", "--npi", npi),
        phone=_parsed("doctor.phone", "--phone", phone),
        address=Address(postal_code=_parsed("doctor.address.postal_code", "--zip", zip_code)),
    )
    if not doctor.keys:
        raise CommandError("A name alone does not identify a doctor: add --phone, --zip, --email or --npi.")
    return doctor


def _parsed(field: str, option: str, value: str | None) -> str | None:
    if not value:
        return None
    try:
        return FORM_FIELDS[field].parse(value)
    except Invalid as error:
        raise typer.BadParameter(f"{value} is not valid for {option} ({error.code}).") from error
