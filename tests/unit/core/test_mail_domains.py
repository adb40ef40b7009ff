"""Mail domains of public providers, and mailboxes of roles."""

import pytest

from referral_intake.core.mail_domains import domain_of, is_public, is_role


@pytest.mark.parametrize("address", ["a@gmail.com", "a@GoogleMail.com", "a@me.com", "a@comcast.net", "a@yahoo.com"])
def test_a_provider_where_anyone_has_a_mailbox_is_public(address: str) -> None:
    assert is_public(domain_of(address))


@pytest.mark.parametrize("address", ["a@clinic.example", "a@mail.clinic.example", "a@notgmail.com", "a@med.gmail.com"])
def test_another_domain_is_not_public(address: str) -> None:
    assert not is_public(domain_of(address))


@pytest.mark.parametrize(
    "address", ["Abuse@x.example", "no-reply@x.example", "do_not_reply+a@x.example", "i.n.f.o@gmail.com"]
)
def test_a_role_is_recognized_in_every_spelling(address: str) -> None:
    assert is_role(address)


@pytest.mark.parametrize("address", ["office@x.example", "info.maria@x.example", "sal@x.example", "itzel@x.example"])
def test_a_person_or_office_is_no_role(address: str) -> None:
    assert not is_role(address)
