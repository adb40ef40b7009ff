"""Postprocessing of the output of `sam build` by `make build`."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from samlocal.template.intrinsics import read_yaml
from tests.support.samples import ROOT
from tools.ship import __main__ as ship
from tools.ship import built, strip
from tools.ship.bytecode import NotCompiled, compile_all

TEMPLATE = """
Globals: {Function: {Layers: [!Ref Texts]}}
Resources:
  Texts: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: ../texts}}
  Paper: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: Paper}}
  One: {Type: AWS::Serverless::Function, Properties: {CodeUri: One}}
  Two: {Type: AWS::Serverless::Function, Properties: {CodeUri: Two, Layers: [!Ref Paper]}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Output of `sam build`: two functions with the same code, a built layer, and one from the source tree."""
    build = tmp_path / "build"
    files = {
        "One/greeting.py": "def hello():\n    return 'hello'\n",
        "One/botocore/data/endpoints.json": "{}",
        "One/botocore/data/dynamodb/2012-08-10/service-2.json.gz": "x",
        "One/botocore/data/ec2/2016-11-15/service-2.json.gz": "x",
        "One/phonenumbers/geodata/data0.py": "data = {}\n",
        "Paper/python/paper.py": "SIZE = 'letter'\n",
        "../texts/words.py": "WORDS = 1\n",
        "template.yaml": TEMPLATE,
    }
    for name, text in files.items():
        for place in {name, name.replace("One/", "Two/")}:
            file = build / place
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    return build


def test_build_output_is_compiled_and_the_source_tree_is_unchanged(folder: Path) -> None:
    ship.prepare(built.read(folder), sys.executable)
    compiled = {str(file.relative_to(folder)).split("/__pycache__/")[0] for file in folder.rglob("*.pyc")}
    assert compiled == {"One", "Two", "Paper/python"}
    assert list((folder / "../texts").rglob("*.pyc")) == []


def test_bytecode_stays_valid_with_any_file_date_in_the_zip(folder: Path) -> None:
    package = folder / "One"
    compile_all(sys.executable, package, "/var/task")
    (package / "greeting.py").write_text("raise SystemExit('compiled anew')\n")
    # The date that SAM sets. Bytecode that records a source date would now be ignored.
    os.utime(package / "greeting.py", (315532800, 315532800))
    program = "import greeting; print(greeting.hello())"
    done = subprocess.run(
        [sys.executable, "-B", "-c", program], cwd=package, capture_output=True, text=True, check=True, env={}
    )
    assert done.stdout == "hello\n"


def test_bytecode_is_unchecked_and_contains_no_local_path(folder: Path) -> None:
    ship.prepare(built.read(folder), sys.executable)
    for file in folder.rglob("*.pyc"):
        code = file.read_bytes()
        assert int.from_bytes(code[4:8], "little") == 0b01, file  # PEP 552: hash-based and unchecked.
        assert str(folder).encode() not in code


def test_service_data_that_no_function_uses_does_not_ship(folder: Path) -> None:
    ship.prepare(built.read(folder), sys.executable)
    for function in ("One", "Two"):
        data = folder / function / "botocore" / "data"
        assert {entry.name for entry in data.iterdir()} == {"dynamodb", "endpoints.json"}
        assert not (folder / function / "phonenumbers" / "geodata").exists()


def test_a_second_run_changes_nothing(folder: Path) -> None:
    ship.prepare(built.read(folder), sys.executable)
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    ship.prepare(built.read(folder), sys.executable)
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before


def test_a_module_that_this_python_cannot_read_fails_the_build(folder: Path) -> None:
    (folder / "One" / "later.py").write_text("def (:\n")
    with pytest.raises(NotCompiled, match=r"later\.py"):
        ship.prepare(built.read(folder), sys.executable)


def test_the_size_of_a_function_includes_all_its_layers(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = built.read(folder).sizes()
    assert sizes["Two"] - sizes["One"] == len("SIZE = 'letter'\n")
    assert ship.main(folder, sys.executable) == 0
    monkeypatch.setattr(ship, "LIMIT", 10)
    assert ship.main(folder, sys.executable) == 1
    assert "It would reject: One, Two." in capsys.readouterr().err


def test_the_shipped_service_data_are_those_that_functions_use() -> None:
    code = "\n".join(file.read_text("utf-8") for file in (ROOT / "functions").rglob("*.py"))
    called = set(re.findall(r"client\(\s*\"([a-z0-9-]+)\"", code))
    # Powertools creates this client for SecretsProvider.
    called |= {"secretsmanager"} if "SecretsProvider" in code else set()
    assert called == strip.SERVICES


def test_the_compiler_has_the_minor_version_of_the_runtime_in_the_template() -> None:
    runtime = read_yaml(ROOT / "infra" / "template.yaml")["Globals"]["Function"]["Runtime"]
    wanted = re.search(r"^wanted=(.+)$", (ROOT / "tools" / "sam" / "python").read_text("utf-8"), re.MULTILINE)
    assert wanted is not None
    assert runtime == f"python{wanted[1]}"
