"""Licences of what ships."""

import json

from tools.supply import licences, sbom


def test_everything_that_ships_has_a_licence_that_is_allowed() -> None:
    everything = list(licences.shipped())
    assert {one.where for one in everything} == {licences.FUNCTIONS, licences.LAYER, licences.SITE}
    assert [one for one in everything if one.licence not in licences.ALLOWED] == []


def test_the_document_says_what_ships_now() -> None:
    document = (licences.ROOT / "docs" / "licences.md").read_text("utf-8")
    assert document == licences.document(), "Run: python -m tools.supply.licences > docs/licences.md"


def test_the_bill_of_materials_names_npms_packages_by_version_licence_and_hash() -> None:
    lit = next(one for one in sbom.of_npm()["components"] if one["name"] == "lit-html")
    locked = json.loads(licences.NPM_LOCK.read_text("utf-8"))["packages"]["node_modules/lit-html"]
    assert lit["purl"] == f"pkg:npm/lit-html@{locked['version']}"
    assert lit["licenses"] == [{"license": {"id": "BSD-3-Clause"}}]
    assert lit["hashes"][0]["alg"] == "SHA-512"
    assert len(lit["hashes"][0]["content"]) == 128


def test_the_bill_of_materials_names_the_licences_of_what_uv_exports() -> None:
    bill = sbom.with_licences({"components": [{"name": "boto3"}, {"name": "only-on-windows"}]})
    assert bill["components"] == [
        {"name": "boto3", "licenses": [{"license": {"id": "Apache-2.0"}}]},
        {"name": "only-on-windows"},
    ]
