"""The local stack with what ships in the place of the code in this tree.

Its gateway, streams, queues, schedules and mail service are those of `make run`; the table is in AWS's own DynamoDB
Local. So every event that a function gets is one that something made, and what it does has consequences.
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
from tools.ship.built import Built


class Shipped(Functions):
    """Invokes what is built. Its environment is the template's, and where AWS is: here, variables say that."""

    def __init__(self, functions: Mapping[str, Function], built: Built, logs: Path) -> None:
        self._functions = functions
        self.code = Code(())  # Nothing here is edited.
        aws = environment.of_others()
        self.emulators = {
            name: Emulator(
                function, built.functions[name], _layers(built, name), aws, logs / f"{function.short_name}.log"
            )
            for name, function in functions.items()
        }

    def invoke(self, logical_id: str, event: Any) -> Any:
        return self.emulators[logical_id].invoke(event)

    def warm_up(self) -> None:
        """Each starts with its first event, as on Lambda."""

    def stop(self) -> None:
        for emulator in self.emulators.values():
            emulator.stop()


class ShippedStack(LocalStack):
    functions: Shipped

    def __init__(self, built: Built, logs: Path, **options: Any) -> None:
        super().__init__(watch=False, **options)
        self._built, self._logs = built, logs

    def _start_functions(self, parts: ExitStack) -> None:
        self.functions = Shipped(self.template.functions, self._built, self._logs)
        parts.callback(self.functions.stop)
        self.build_site()


def _layers(built: Built, function: str) -> list[Path]:
    """Those that the build made. What the others hold is the tree's own, and found where the environment says."""
    layers = [built.layers[name] for name in built.layers_of[function]]
    return [layer for layer in layers if layer.is_relative_to(built.folder)]
