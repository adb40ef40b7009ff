"""Check the words of texts for people: `python -m tools.vocabulary`. TERMS lists the words, with reasons.

It checks these files, if git tracks them, and nothing outside a git clone:

- Markdown, without code
- Python: docstrings and comments, and in cli/ all strings, because they are messages
- JavaScript of the site and of the dashboard, and CSS: strings and comments
- YAML (templates of AWS, workflows) and the Makefile, all of them
- the English texts of the site

Existing tools are not used, because vale's package downloads a program on its first run, and proselint does not support
words of a project.
"""

import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

FILES = ("*.md", "*.py", "*.yaml", "*.yml", "Makefile", "templates/site/text/en.toml", "templates/site/*.js", "*.css")
"""Pathspecs of git, in which * matches folders too."""
EXCLUDED = ("docs/licenses.md",)  # tools.supply.licenses writes it.
MESSAGES = "cli/"
"""The folder of Python files in which all strings are checked."""

# Case-insensitive patterns, each with a replacement or a reason.
TERMS = {
    r"e-mail(s|ed|ing)?": "Write email, the usual spelling.",
    r"whoever|whomever|whosoever": "Name the person or the role.",
    r"somebody|nobody|anybody": "Name the person or the role, or say that no one does it.",
    r"lately": "Write recently, or give the time.",
    r"look(s|ed|ing)? further": "Write search or check, and say where.",
    r"g(ive|ives|iving|ave|iven) up on": "Say that the retries ended, or that it failed.",
    r"stand-ins?": "A metaphor. Write fake, replacement or sample.",
    r"of ours|of theirs": "Write our or their before the noun.",
    r"befalls?|befell|befallen": "Archaic. Write happens to.",
    r"lets everything": "A riddle. Say what the code does.",
    r"(the )?li(fe|ves) of an?": "A metaphor. Write stages, or leave it out.",
    r"doors?": "A metaphor. Write handler, endpoint or entry point.",
    r"mend(s|ed|ing)?": "Write fix, the usual term.",
    r"mishaps?": "Write failure, bounce or complaint.",
    r"oddity|oddities": "Write suspicious data, or name the check.",
    r"the very (same )?\w+": "Leave out very: it adds nothing.",
    r"upon": "Write on.",
    r"anew|afresh": "Write again.",
    r"whilst|amongst": "Write while or among.",
    r"hence|thus|thereby|lest|shall": "Archaic. Write so, or rewrite the sentence.",
    r"in order to": "Write to.",
    r"utilize[sd]?|utilizing": "Write use.",
    r"\d+(\.\d+)? %": "Write 5%, without a space.",
    r"(colour|behaviour|favour|honour|neighbour|flavour)\w*": "Use American spelling: color, behavior.",
    r"licences?|centres?|catalogues?|grey|practis(e|es|ed|ing)": "Use American spelling.",
    r"(cancel|label|model|signal|travel)l(ed|er|ing)": "Use American spelling: canceled, labeled.",
    r"(author|custom|minim|normal|optim|organ|recogn|summar)is(e|es|ed|er|ing|ation)": "Use American spelling: -ize.",
}
_RULES = {re.compile(rf"(?<![\w-])(?:{pattern})(?!\w)", re.IGNORECASE): why for pattern, why in TERMS.items()}


@dataclass(frozen=True, slots=True)
class Finding:
    file: str
    line: int
    term: str
    why: str

    def __str__(self) -> str:
        return f'{self.file}:{self.line}: "{self.term}". {self.why}'


def findings(file: str, text: str) -> Iterator[Finding]:
    """Yield the words to replace in the text of a file, in the order of lines."""
    for number, line in enumerate(_prose(file, text).splitlines(), start=1):
        for rule, why in _RULES.items():
            for found in rule.finditer(line):
                yield Finding(file, number, found[0], why)


def main() -> int:
    found = [one for file in _tracked() for one in findings(file, Path(file).read_text("utf-8"))]
    for one in found:
        print(one, file=sys.stderr)
    return 1 if found else 0


# Patterns of text that is not prose, by file type. Each match is blanked, and its line breaks are kept.
_NOT_PROSE = {
    ".md": (r"^```.*?^```", r"`[^`\n]+`", r"\]\([^)\s]*\)", r"https?://\S+"),
    ".py": (r"`[^`\n]+`", r"\{[^{}\n]*\}", r"https?://\S+"),
    ".toml": (r"^\s*#[^\n]*",),
    ".yaml": (r"`[^`\n]+`", r"https?://\S+"),
}
_NOT_PROSE[".yml"] = _NOT_PROSE[""] = _NOT_PROSE[".yaml"]


def _prose(file: str, text: str) -> str:
    kind = PurePath(file).suffix
    if kind in (".js", ".css"):
        return _strings_and_comments(text)
    if kind == ".py":
        text = _comments_and_docstrings(text, all_strings=file.startswith(MESSAGES))
    for pattern in _NOT_PROSE[kind]:
        text = re.sub(pattern, _blank, text, flags=re.MULTILINE | re.DOTALL)
    return text


def _blank(match: re.Match[str]) -> str:
    """Return a placeholder, so that text before and after code is not joined, such as `5` and `%`."""
    return "|" + "\n" * match[0].count("\n")


# Since Python 3.12, the text of an f-string has tokens of its own.
_STRINGS = {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
_BEFORE_STATEMENT = {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
_IGNORED = {tokenize.COMMENT, tokenize.NL}


def _comments_and_docstrings(module: str, *, all_strings: bool) -> str:
    """Return the comments and docstrings of a module, or its comments and strings, each on its own line.

    A docstring is a string at the start of a statement, so that those of attributes are included.
    """
    lines = [""] * (module.count("\n") + 2)
    starts_statement = True
    for token in tokenize.generate_tokens(io.StringIO(module).readline):
        is_text = token.type in _STRINGS and (all_strings or starts_statement)
        if is_text or token.type == tokenize.COMMENT:
            for number, line in enumerate(token.string.split("\n"), start=token.start[0] - 1):
                lines[number] += f"|{line}"
        if token.type not in _IGNORED:
            starts_statement = token.type in _BEFORE_STATEMENT
    return "\n".join(lines)


_CODE = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|.""", re.DOTALL)
_TEMPLATE = re.compile(r"\\.|\$\{|.", re.DOTALL)


def _strings_and_comments(script: str) -> str:
    """Return the strings, template literals and comments of a script. The rest is blanked, and line breaks are kept."""
    kept, place, nested = [], 0, [""]
    while place < len(script):
        in_template = nested[-1] == "`"
        token = (_TEMPLATE if in_template else _CODE).match(script, place)[0]  # type: ignore[index]  # Both match anything.
        place += len(token)
        if token in ("`", "}") and token == nested[-1]:
            nested.pop()
        elif in_template and token != "${":
            kept.append(token)
            continue
        elif token == "`":
            nested.append("`")
        elif token in ("${", "{"):
            nested.append("}")
        is_text = token[0] in "\"'" or token.startswith(("//", "/*"))
        kept.append(token if is_text else "|" + "\n" * token.count("\n"))
    return "".join(kept)


def _tracked() -> list[str]:
    try:
        done = subprocess.run(["git", "ls-files", "-z", "--", *FILES], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return []
    return [file for file in done.stdout.split("\0") if file and not file.startswith(EXCLUDED) and Path(file).exists()]


if __name__ == "__main__":
    sys.exit(main())
