"""A doctor: the person to be told, the form's fields about them, and the keys that identify them.

To add a field to the form, add an attribute here and its texts. An earlier version of the code ignores the field.
"""

from dataclasses import dataclass, field

from referral_intake.core import contact, person_names
from referral_intake.core.form_fields import FORM, FormField, Mask, declared_in
from referral_intake.core.mailboxes import mailbox


@dataclass(frozen=True, slots=True)
class Address:
    line1: str | None = field(default=None, metadata={FORM: FormField(100, column="address_line1")})
    line2: str | None = field(default=None, metadata={FORM: FormField(100, column="address_line2")})
    city: str | None = field(default=None, metadata={FORM: FormField(80, mask=Mask.SHOWN)})
    state: str | None = field(default=None, metadata={FORM: FormField(40, contact.state, mask=Mask.SHOWN)})
    postal_code: str | None = field(
        default=None, metadata={FORM: FormField(20, contact.postal_code, inputmode="numeric")}
    )

    @property
    def is_whole(self) -> bool:
        """Whether it is complete enough to send a letter."""
        return None not in (self.line1, self.city, self.state, self.postal_code)


@dataclass(frozen=True, slots=True)
class Doctor:
    """Contact details, each in its normal form. `typed` has the text as typed, by field, where it differs.

    `is_from_registry` says that the name and the NPI are those of the public registry.
    """

    name: str = field(
        metadata={FORM: FormField(120, may_have_link=True, is_required=True, column="doctor_name", mask=Mask.NAME)}
    )
    practice: str | None = field(default=None, metadata={FORM: FormField(160)})
    # The text as typed may contain anything, so viewers see only the group in which it is counted.
    specialty: str | None = field(
        default=None, metadata={FORM: FormField(80, suggestions="specialties", mask=Mask.ABSENT)}
    )
    email: str | None = field(
        default=None, metadata={FORM: FormField(254, contact.email, inputmode="email", mask=Mask.EMAIL)}
    )
    phone: str | None = field(
        default=None, metadata={FORM: FormField(40, contact.phone, inputmode="tel", mask=Mask.LAST_DIGITS)}
    )
    npi: str | None = field(default=None, metadata={FORM: FormField(20, contact.npi, inputmode="numeric")})
    address: Address = Address()
    typed: dict[str, str] = field(default_factory=dict)
    is_from_registry: bool = False

    @property
    def keys(self) -> dict[str, str]:
        """The doctor's identifiers by kind: mailbox, NPI, name and phone, name and ZIP."""
        name = person_names.identity(self.name)
        zip5 = (self.address.postal_code or "")[:5]
        keys = {
            "email": self.email and mailbox(self.email),
            "npi": self.npi,
            "phone": self.phone and f"{name} {contact.without_extension(self.phone)}",
            "postcode": zip5 and f"{name} {zip5}",
        }
        return {kind: value for kind, value in keys.items() if value}


DOCTOR_FIELDS = declared_in(Doctor, "doctor")
ADDRESS_FIELDS = declared_in(Address, "doctor.address")
FORM_FIELDS = {one.path: one for one in (*DOCTOR_FIELDS.values(), *ADDRESS_FIELDS.values())}
"""All fields about the doctor, by path."""
