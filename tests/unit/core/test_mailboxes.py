"""Which addresses are one mailbox."""

import pytest

from referral_intake.core.mailboxes import mailbox


@pytest.mark.parametrize("other", ["Maria@Clinic.Example", "maria+anything@clinic.example", "MARIA+a+b@CLINIC.EXAMPLE"])
def test_letter_case_and_tags_do_not_make_another_mailbox(other: str) -> None:
    assert mailbox(other) == "maria@clinic.example"


@pytest.mark.parametrize(
    "other",
    ["marialopez@gmail.com", "Maria.Lopez@GMail.com", "m.a.r.i.a.lopez+x@googlemail.com", "maria.lopez@googlemail.com"],
)
def test_dots_and_googlemail_do_not_make_another_mailbox_at_gmail(other: str) -> None:
    assert mailbox(other) == mailbox("maria.lopez@gmail.com")


def test_dots_make_another_mailbox_elsewhere() -> None:
    assert mailbox("maria.lopez@clinic.example") != mailbox("marialopez@clinic.example")


@pytest.mark.parametrize("other", ["maria@me.com", "maria@mac.com"])
def test_the_domains_of_icloud_are_one(other: str) -> None:
    assert mailbox(other) == mailbox("maria@icloud.com")


@pytest.mark.parametrize("odd", ["+tag@clinic.example", "...@gmail.com", "..+x@gmail.com"])
def test_a_local_part_is_never_empty(odd: str) -> None:
    assert not mailbox(odd).startswith("@")
    assert mailbox(mailbox(odd)) == mailbox(odd)
