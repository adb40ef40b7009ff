"""Key rotation, hashes and links made with earlier keys, and links that cannot be forged."""

import json
import secrets as random
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from referral_intake.aws.keys import DoctorHashes, Keyring, Ring
from referral_intake.aws.origin_secret import OriginSecret
from referral_intake.aws.secrets import Secrets
from referral_intake.aws.signed_links import Link, Links
from referral_intake.core.errors import Unavailable
from referral_intake.intake import submissions
from referral_intake.intake.challenges import Challenges
from referral_intake.web.pages import Site
from tests.integration import aws
from tests.support import events, proofs, samples
from tests.support.samples import NOW

OPT_OUT = Link(("email#k1#0123456789abcdef0123456789abcdef",), "lumen", "K3QF-7ZTA-MM2X-PE5R")


def ring(secret_name: str) -> Ring:
    """The keys as a new process reads them."""
    fresh = Secrets()
    return lambda: fresh.keyring(secret_name)


def rotate(secret_name: str, new: str) -> None:
    """As the description of the secret in the template says: add a key and change "current"."""
    client = boto3.client("secretsmanager")
    secret = json.loads(client.get_secret_value(SecretId=secret_name)["SecretString"])
    secret |= {"current": new, new: random.token_hex(32)}
    client.put_secret_value(SecretId=secret_name, SecretString=json.dumps(secret))


def token_of(url: str) -> str:
    (token,) = parse_qs(urlsplit(url).query)["token"]
    return token


# ---- Secrets of the template -----------------------------------------------------------------------------------------


def test_a_generated_secret_is_a_keyring_with_one_key(secret_names: dict[str, str]) -> None:
    for name in (secret_names["HashingKeys"], secret_names["SigningKeys"]):
        keyring = ring(name)()
        assert keyring.current == "k1"
        assert list(keyring.keys) == ["k1"]
        assert len(keyring.keys["k1"]) == 64


def test_the_generated_cloudfront_secret_is_accepted_and_both_values_during_a_rotation(
    secret_names: dict[str, str],
) -> None:
    client, name = boto3.client("secretsmanager"), secret_names["OriginSecret"]
    held = json.loads(client.get_secret_value(SecretId=name)["SecretString"])
    assert OriginSecret(Secrets(), name).matches(held["k1"])
    client.put_secret_value(SecretId=name, SecretString=json.dumps({**held, "k2": "new"}))
    assert all(OriginSecret(Secrets(), name).matches(shown) for shown in (held["k1"], "new"))
    assert not OriginSecret(Secrets(), name).matches("another")


def test_the_hashing_keys_and_the_signing_keys_differ(secret_names: dict[str, str]) -> None:
    assert ring(secret_names["HashingKeys"])().keys != ring(secret_names["SigningKeys"])().keys


def test_a_secret_is_fetched_once_and_then_cached(secret_names: dict[str, str]) -> None:
    remembered = ring(secret_names["HashingKeys"])
    before = remembered()
    rotate(secret_names["HashingKeys"], "k2")
    assert remembered() == before
    assert ring(secret_names["HashingKeys"])().current == "k2"


@pytest.mark.parametrize("content", [None, "{current: k1}"], ids=["no answer", "invalid JSON"])
def test_a_patient_is_asked_to_retry_if_the_keys_cannot_be_read(cloud: None, content: str | None) -> None:
    if content:
        boto3.client("secretsmanager").create_secret(Name="keys", SecretString=content)
    keys = ring("keys")
    with pytest.raises(Unavailable):
        keys()
    site = Site(samples.TEMPLATES, aws.SITE_URL, samples.CAMPAIGNS)
    tables: Any = None
    intake = replace(proofs.intake(tables, site), challenges=Challenges(keys, tries=1))
    sent = proofs.with_proof(samples.payload())
    assert submissions.respond(events.post_json(sent), intake, NOW)["statusCode"] == 503


# ---- Identifiers of doctors ------------------------------------------------------------------------------------------


def test_a_hash_made_with_a_retired_key_is_still_found(secret_names: dict[str, str]) -> None:
    referral = aws.submitted(npi="1234567893")
    before, _ = DoctorHashes(ring(secret_names["HashingKeys"])).of(referral)
    rotate(secret_names["HashingKeys"], "k2")
    rotate(secret_names["HashingKeys"], "k3")

    now, retired = DoctorHashes(ring(secret_names["HashingKeys"])).of(referral)

    assert set(before) < set(retired)
    assert not set(now) & set(retired)
    assert {key.split("#")[1] for key in now} == {"k3"}
    assert {key.split("#")[1] for key in retired} == {"k1", "k2"}


def test_equal_details_hash_differently_as_another_identifier_and_in_another_account() -> None:
    referral = aws.submitted()
    elsewhere = Keyring("k1", {"k1": b"another account's key"})
    assert DoctorHashes(lambda: aws.RING).of(referral) != DoctorHashes(lambda: elsewhere).of(referral)


def test_no_hash_contains_its_input() -> None:
    referral = aws.submitted(npi="1234567893", phone="217 555 0123")
    keys, _ = DoctorHashes(lambda: aws.RING).of(referral)
    assert not [
        key for key in keys for detail in ("lopez", "clinic", "1234567893", "5550123") if detail in key.casefold()
    ]


# ---- Links -----------------------------------------------------------------------------------------------------------


def test_an_opt_out_link_signed_with_a_retired_key_still_works(secret_names: dict[str, str]) -> None:
    name = secret_names["SigningKeys"]
    token = token_of(Links(ring(name), aws.SITE_URL).opt_out(OPT_OUT))
    for new in ("k2", "k3", "k4"):
        rotate(name, new)
    assert Links(ring(name), aws.SITE_URL).read("opt-out", token, NOW) == OPT_OUT


def test_a_new_link_is_signed_with_the_current_key(secret_names: dict[str, str]) -> None:
    name = secret_names["SigningKeys"]
    old = ring(name)()
    rotate(name, "k2")
    token = token_of(Links(ring(name), aws.SITE_URL).opt_out(OPT_OUT))
    assert Links(lambda: old, aws.SITE_URL).read("opt-out", token, NOW) is None


def test_a_link_has_the_address_of_the_site_and_needs_no_escaping() -> None:
    url = Links(aws.ring_of(aws.RING), aws.SITE_URL).opt_out(OPT_OUT)
    assert url.startswith(f"{aws.SITE_URL}/api/opt-out?token=")
    assert token_of(url) == url.partition("?token=")[2]


def test_the_opt_out_header_of_a_doctor_with_every_identifier_fits_the_limit_of_ses() -> None:
    referral = aws.submitted(
        npi="1234567893",
        phone="217 555 0123",
        address={"line1": "1 Main St", "city": "Springfield", "state": "IL", "postal_code": "62701"},
    )
    keys, _ = DoctorHashes(lambda: aws.RING).of(referral)
    longest_host = "https://" + "a" * 63 + ".example.com"
    url = Links(aws.ring_of(aws.RING), longest_host).opt_out(Link(keys, "c" * 32, referral.receipt))
    assert len(keys) == 4
    assert len(f"<{url}>") <= 995


def forgeries() -> dict[str, Callable[[str], str]]:
    def foreign(token: str) -> str:
        payload = URLSafeSerializer(aws.RING.oldest_first, salt="opt-out").loads(token)
        return str(URLSafeSerializer(aws.RING.oldest_first, salt="answer").dumps(payload))

    def unknown_key(token: str) -> str:
        return str(URLSafeSerializer("somebody else's key", salt="opt-out").dumps([["email#k1#00"], "lumen", "R"]))

    return {
        "nothing": lambda token: "",
        "a dot": lambda token: ".",
        "without its signature": lambda token: token.rpartition(".")[0],
        "without its last letter": lambda token: token[:-1],
        "without its first letter": lambda token: token[1:],
        "cut in the middle": lambda token: token[: len(token) // 2],
        "with another content": lambda token: "WyJhIl0" + token[7:],
        "only the signature": lambda token: "." + token.rpartition(".")[2],
        "twice, as a repeated parameter arrives": lambda token: f"{token},{token}",
        "for another purpose": foreign,
        "with another key": unknown_key,
        "with letters that no token has": lambda token: token.replace(".", "é."),
        "with NUL": lambda token: token + "\x00",
        "with a lone surrogate": lambda token: token + "\ud800",
        "very long": lambda token: "A" * 100_000 + "." + token,
    }


@pytest.mark.parametrize("forgery", forgeries())
def test_a_forged_token_is_refused(forgery: str) -> None:
    links = Links(aws.ring_of(aws.RING), aws.SITE_URL)
    token = token_of(links.opt_out(OPT_OUT))
    assert links.read("opt-out", token, NOW) == OPT_OUT
    assert links.read("opt-out", forgeries()[forgery](token), NOW) is None


@given(st.text())
def test_no_random_text_is_a_token(text: str) -> None:
    assert Links(aws.ring_of(aws.RING), aws.SITE_URL).read("opt-out", text, NOW) is None


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.lists(st.text(max_size=40), max_size=8))
def test_the_content_of_a_link_survives_a_round_trip(campaign: str, keys: list[str]) -> None:
    links = Links(aws.ring_of(aws.RING), aws.SITE_URL)
    link = Link(tuple(keys), campaign, "K3QF-7ZTA-MM2X-PE5R")
    assert links.read("opt-out", token_of(links.opt_out(link)), NOW) == link
