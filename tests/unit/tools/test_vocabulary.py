"""Words that are refused in documentation, comments and pages."""

import subprocess
from pathlib import Path

import pytest

from tools import vocabulary


def terms(file: str, text: str) -> list[str]:
    return [one.term for one in vocabulary.findings(file, text)]


@pytest.mark.parametrize(
    "term",
    [
        "E-mail",
        "e-mails",
        "whoever",
        "Nobody",
        "of ours",
        "befell",
        "lets everything",
        "door",
        "mended",
        "mishap",
        "oddity",
        "the very message",
        "life of a",
        "upon",
        "in order to",
        "utilizing",
        "4 %",
        "0.08 %",
        "behaviour",
        "licence",
        "signalled",
        "lately",
        "looked further",
        "gave up on",
        "stand-in",
        "anew",
        "thus",
        "normalised",
    ],
)
def test_a_term_is_refused_with_its_line_and_a_reason(term: str) -> None:
    [found] = vocabulary.findings("docs/page.md", f"A line.\nHere {term} stands.\n")
    assert (found.line, found.term.removeprefix("the ")) == (2, term.removeprefix("the "))
    assert str(found).startswith("docs/page.md:2: ")
    assert found.why.endswith(".")


@pytest.mark.parametrize("text", ["email", "5%", "100 %s", "every message", "outdoors", "amend", "license", "exercise"])
def test_other_words_are_accepted(text: str) -> None:
    assert terms("docs/page.md", text) == []


@pytest.mark.parametrize(
    "text",
    [
        "See `whoever` there.",
        "```sh\n# Nobody\n```",
        "See [licenses](docs/licenses.md).",
        "See https://example.com/door for more.",
    ],
)
def test_code_and_addresses_in_markdown_are_not_checked(text: str) -> None:
    assert terms("docs/page.md", text) == []


def test_text_after_code_is_reported_with_its_own_line() -> None:
    [found] = vocabulary.findings("docs/page.md", "```sh\nmake run\n```\n\nNobody\n")
    assert found.line == 5


def test_names_of_a_script_are_not_checked() -> None:
    assert terms("views/page.js", 'const colour = "red"; door.mend();') == []


def test_comments_of_a_script_are_checked() -> None:
    assert terms("views/page.js", "// Nobody\nconst colour = 1; /* by\ne-mail */") == ["Nobody", "e-mail"]


def test_comments_of_styles_are_checked() -> None:
    assert terms("css/page.css", "/* Nobody */\n.door { color: grey; } /* e-mail */") == ["Nobody", "e-mail"]


@pytest.mark.parametrize("file", ["infra/template.yaml", ".github/workflows/check.yml", "Makefile"])
def test_comments_and_descriptions_of_yaml_and_of_the_makefile_are_checked(file: str) -> None:
    assert terms(file, "# Nobody\nDescription: An e-mail, `door`\n") == ["Nobody", "e-mail"]


@pytest.mark.parametrize(
    "script",
    [
        'say("Nobody");',
        "say('Nobody');",
        "html`<p>Nobody</p>`",
        'html`<p>${when(colour, () => html`<b>Nobody</b>`)}</p>`; const door = "" // no',
        "html`${one}${{ colour }.colour} Nobody`; // no",
        'const link = "https://example.com"; say("Nobody");',
    ],
)
def test_strings_and_templates_of_a_script_are_checked(script: str) -> None:
    assert terms("views/page.js", script) == ["Nobody"]


@pytest.mark.parametrize(
    "module",
    [
        '"""Nobody"""\n',
        "# Nobody\n",
        "place = 1  # Nobody\n",
        'def read() -> None:\n    """Read.\n\n    Nobody\n    """\n',
        'class Part:\n    name: str\n    """Nobody"""\n',
    ],
)
def test_comments_and_docstrings_of_python_are_checked(module: str) -> None:
    assert terms("functions/part.py", module) == ["Nobody"]


@pytest.mark.parametrize(
    "module", ['nobody = "Nobody"\n', '"""`Nobody` and {nobody}"""\n', 'say("Nobody")\n', 'f"{a}"\n']
)
def test_other_strings_names_and_code_of_python_are_not_checked(module: str) -> None:
    assert terms("functions/part.py", module) == []


@pytest.mark.parametrize("message", ['"Nobody"', 'f"{nobody}: Nobody"', '"Some" "Nobody"', 'f"""{nobody}\nNobody"""'])
def test_all_strings_of_the_command_line_are_checked(message: str) -> None:
    assert terms("cli/part.py", f"print({message})\n") == ["Nobody"]


def test_a_term_in_a_docstring_is_reported_with_its_own_line() -> None:
    [found] = vocabulary.findings("part.py", 'def read() -> None:\n    """Read.\n\n    Nobody\n    """\n')
    assert found.line == 4


def test_texts_are_checked_without_comments() -> None:
    assert terms("text/en.toml", '# Nobody\nlabel = "E-mail"\n') == ["E-mail"]


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "--quiet"], check=True)
    return tmp_path


def add(clone: Path, name: str, text: str) -> None:
    file = clone / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    subprocess.run(["git", "add", name], check=True)


def test_a_refused_term_in_a_tracked_document_fails(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(clone, "README.md", "Send an email.\n")
    (clone / "notes.md").write_text("Nobody tracks this.\n", "utf-8")
    assert vocabulary.main() == 0
    add(clone, "docs/deep/page.md", "Send an e-mail.\n")
    assert vocabulary.main() == 1
    assert capsys.readouterr().err == 'docs/deep/page.md:1: "e-mail". Write email, the usual spelling.\n'


def test_terms_in_pages_are_reported_and_do_not_fail(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(clone, "templates/site/text/en.toml", 'email = "E-mail"\n')
    add(clone, "templates/site/dashboard/parts/page.js", 'say("Nobody");\n')
    assert vocabulary.main() == 1
    assert capsys.readouterr().err.count("\n") == 2


def test_comments_and_docstrings_of_tests_are_checked(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(clone, "tests/unit/test_part.py", '"""Nobody"""\n')
    assert vocabulary.main() == 1
    assert capsys.readouterr().err.startswith('tests/unit/test_part.py:1: "Nobody".')


def test_generated_documents_are_not_checked(clone: Path) -> None:
    add(clone, "docs/licenses.md", "# Nobody\n")
    assert vocabulary.main() == 0


def test_outside_a_clone_there_is_nothing_to_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "README.md").write_text("Nobody\n", "utf-8")
    assert vocabulary.main() == 0
