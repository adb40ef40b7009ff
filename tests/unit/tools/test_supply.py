"""Licenses of shipped packages."""

import json

from tools.supply import licenses, sbom


def test_every_shipped_package_has_an_allowed_license() -> None:
    everything = list(licenses.shipped())
    assert {one.where for one in everything} == {licenses.FUNCTIONS, licenses.LAYER, licenses.SITE}
    assert [one for one in everything if one.license not in licenses.ALLOWED] == []


def test_the_document_lists_the_packages_that_ship() -> None:
    document = (licenses.ROOT / "docs" / "licenses.md").read_text("utf-8")
    assert document == licenses.document(), "Run: python -m tools.supply.licenses > docs/licenses.md"


def test_the_bill_of_materials_lists_npm_packages_by_version_license_and_hash() -> None:
    lit = next(one for one in sbom.of_npm()["components"] if one["name"] == "lit-html")
    locked = json.loads(licenses.NPM_LOCK.read_text("utf-8"))["packages"]["node_modules/lit-html"]
    assert lit["purl"] == f"pkg:npm/lit-html@{locked['version']}"
    assert lit["licenses"] == [{"license": {"id": "BSD-3-Clause"}}]
    assert lit["hashes"][0]["alg"] == "SHA-512"
    assert len(lit["hashes"][0]["content"]) == 128


def test_the_bill_of_materials_lists_the_licenses_of_packages_that_uv_exports() -> None:
    bill = sbom.with_licenses({"components": [{"name": "boto3"}, {"name": "only-on-windows"}]})
    assert bill["components"] == [
        {"name": "boto3", "licenses": [{"license": {"id": "Apache-2.0"}}]},
        {"name": "only-on-windows"},
    ]
