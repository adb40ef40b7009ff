"""What `make build` does with what `sam build` made."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from samlocal.template.intrinsics import read_yaml
from tools.ship import __main__ as ship
from tools.ship import built, strip
from tools.ship.bytecode import NotCompiled, compile_all

ROOT = Path(__file__).parents[3]
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
    """As `sam build` leaves it: two functions of the same code, a layer that it built, and one of the tree."""
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


def test_what_is_built_is_compiled_wherever_it_lies_and_the_tree_is_left_alone(folder: Path) -> None:
    ship.make_ready(built.read(folder), sys.executable)
    compiled = {str(file.relative_to(folder)).split("/__pycache__/")[0] for file in folder.rglob("*.pyc")}
    assert compiled == {"One", "Two", "Paper/python"}
    assert list((folder / "../texts").rglob("*.pyc")) == []


def test_bytecode_holds_whatever_a_zip_says_of_its_source(folder: Path) -> None:
    package = folder / "One"
    compile_all(sys.executable, package, "/var/task")
    (package / "greeting.py").write_text("raise SystemExit('compiled anew')\n")
    # As SAM dates it. Bytecode that says when its source was written would be passed over now.
    os.utime(package / "greeting.py", (315532800, 315532800))
    program = "import greeting; print(greeting.hello())"
    done = subprocess.run(
        [sys.executable, "-B", "-c", program], cwd=package, capture_output=True, text=True, check=True, env={}
    )
    assert done.stdout == "hello\n"


def test_bytecode_is_never_compared_with_its_source_and_knows_no_path_of_here(folder: Path) -> None:
    ship.make_ready(built.read(folder), sys.executable)
    for file in folder.rglob("*.pyc"):
        code = file.read_bytes()
        assert int.from_bytes(code[4:8], "little") == 0b01, file  # PEP 552: by hash, and unchecked.
        assert str(folder).encode() not in code


def test_data_of_services_that_no_function_calls_does_not_ship(folder: Path) -> None:
    ship.make_ready(built.read(folder), sys.executable)
    for function in ("One", "Two"):
        data = folder / function / "botocore" / "data"
        assert {entry.name for entry in data.iterdir()} == {"dynamodb", "endpoints.json"}
        assert not (folder / function / "phonenumbers" / "geodata").exists()


def test_doing_it_twice_changes_nothing(folder: Path) -> None:
    ship.make_ready(built.read(folder), sys.executable)
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    ship.make_ready(built.read(folder), sys.executable)
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before


def test_a_module_that_this_python_cannot_read_fails_the_build(folder: Path) -> None:
    (folder / "One" / "later.py").write_text("def (:\n")
    with pytest.raises(NotCompiled, match=r"later\.py"):
        ship.make_ready(built.read(folder), sys.executable)


def test_a_function_is_as_large_as_it_and_all_its_layers(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = built.read(folder).sizes()
    assert sizes["Two"] - sizes["One"] == len("SIZE = 'letter'\n")
    assert ship.main(folder, sys.executable) == 0
    monkeypatch.setattr(ship, "LIMIT", 10)
    assert ship.main(folder, sys.executable) == 1
    assert "It would reject: One, Two." in capsys.readouterr().err


def test_the_services_whose_data_ships_are_those_that_functions_call() -> None:
    code = "\n".join(file.read_text("utf-8") for file in (ROOT / "functions").rglob("*.py"))
    called = set(re.findall(r"client\(\s*\"([a-z0-9-]+)\"", code))
    # Powertools makes this client, for SecretsProvider.
    called |= {"secretsmanager"} if "SecretsProvider" in code else set()
    assert called == strip.SERVICES


def test_it_is_compiled_by_the_minor_version_that_the_template_runs() -> None:
    runtime = read_yaml(ROOT / "infra" / "template.yaml")["Globals"]["Function"]["Runtime"]
    wanted = re.search(r"^wanted=(.+)$", (ROOT / "tools" / "sam" / "python").read_text("utf-8"), re.MULTILINE)
    assert wanted is not None
    assert runtime == f"python{wanted[1]}"
