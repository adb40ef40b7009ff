"""The local stack with the built functions instead of the source code.

Gateway, streams, queues, schedules and SES are those of `make run`. The table is in DynamoDB Local. So every event of
a function has a real cause, and every action has its effects.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from local.stack import LocalStack
from samlocal.runtime import environment
from samlocal.runtime.function_code import Code
from samlocal.runtime.functions import Functions
from samlocal.template.model import Function
from tests.artifact.emulator import Emulator
from tests.support.samples import TEMPLATE_FILE
from tools.ship.built import Built


class BuiltFunctions(Functions):
    """Invokes the built functions, with the environment of the template and variables for the endpoints of AWS."""

    def __init__(self, functions: Mapping[str, Function], built: Built, logs: Path) -> None:
        self._functions = functions
        self.code = Code(())  # The files of a build do not change.
        aws = environment.of_external_functions()
        self.emulators = {
            name: Emulator(
                function, built.functions[name], _layers(built, name), aws, logs / f"{function.short_name}.log"
            )
            for name, function in functions.items()
        }

    def invoke(self, logical_id: str, event: Any) -> Any:
        return self.emulators[logical_id].invoke(event)

    def warm_up(self) -> None:
        """Each function starts at its first event, as on Lambda."""

    def stop(self) -> None:
        for emulator in self.emulators.values():
            emulator.stop()


class BuiltStack(LocalStack):
    functions: BuiltFunctions

    def __init__(self, built: Built, logs: Path, **options: Any) -> None:
        super().__init__(template_file=TEMPLATE_FILE, watch=False, **options)
        self._built, self._logs = built, logs

    def _start_functions(self, parts: ExitStack) -> None:
        self.functions = BuiltFunctions(self.template.functions, self._built, self._logs)
        parts.callback(self.functions.stop)
        self.build_site()


def _layers(built: Built, function: str) -> list[Path]:
    """Built layers. Other layers are folders of the source tree, which environment variables name."""
    layers = [built.layers[name] for name in built.layers_of[function]]
    return [layer for layer in layers if layer.is_relative_to(built.folder)]
