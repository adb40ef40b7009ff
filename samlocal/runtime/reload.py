"""Apply edits of the code, the layers and the SAM template while the stack runs."""

from pathlib import Path
from typing import TYPE_CHECKING

from samlocal.template import nested_stacks
from samlocal.template.intrinsics import TemplateError

if TYPE_CHECKING:
    from samlocal.stack import Stack


class Reload:
    def __init__(self, stack: "Stack", template_file: Path) -> None:
        self._stack = stack
        self._template_file = template_file
        self._parts = nested_stacks.files(template_file)

    def folders(self) -> list[Path]:
        template = self._stack.template
        return [self._template_file.parent, *template.code_folders, *template.layers]

    def edited(self, files: set[Path]) -> None:
        """Apply the edits. An invalid edit changes nothing, and its error is logged."""
        if not files.isdisjoint(self._parts):
            self._read_template()
        if any(self._is_below(file, self._stack.template.layers) for file in files):
            self._forget_code(files, "templates")
        elif any(self._is_below(file, self._stack.template.code_folders) for file in files if file.suffix != ".pyc"):
            self._forget_code(files, "code")

    def _read_template(self) -> None:
        try:
            self._stack.adopt(self._stack.load_template())
        except TemplateError as error:
            self._log(f"{self._template_file.name} was not reloaded: {error}", "ERROR")
        except Exception as error:  # noqa: BLE001  # a partly written template can cause any error
            self._log(f"{self._template_file.name} was not reloaded: {type(error).__name__}: {error}", "ERROR")
        else:
            self._parts = nested_stacks.files(self._template_file)
            # Modules may have cached values of the environment.
            self._stack.functions.code.forget()
            self._log(f"{self._template_file.name} was reloaded")

    def _forget_code(self, files: set[Path], what: str) -> None:
        # The code caches templates, so it is unloaded after their edits too. The site is built by the functions' code.
        self._stack.functions.code.forget(files)
        self._stack.rebuild_site()
        self._log(f"{what} reloaded: {', '.join(sorted(file.name for file in files))}")

    def _is_below(self, file: Path, folders: tuple[Path, ...]) -> bool:
        return any(file.is_relative_to(folder) for folder in folders)

    def _log(self, message: str, level: str = "INFO") -> None:
        self._stack.terminal.say(message, level)
