"""Find the packages of functions and layers that `sam build` built, by the template in the build folder."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samlocal.template.intrinsics import read_yaml

# Lambda's limit in bytes for a function with its layers, unpacked:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LIMIT = 250 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Built:
    functions: Mapping[str, Path]
    layers: Mapping[str, Path]
    layers_of: Mapping[str, tuple[str, ...]]
    folder: Path

    def own_packages(self) -> Iterator[tuple[Path, str]]:
        """Yield each package in the build folder, and its path in Lambda. Other layers are in the repository."""
        for package in self.functions.values():
            yield package, "/var/task"
        for layer in self.layers.values():
            if layer.is_relative_to(self.folder):
                yield layer, "/opt"

    def sizes(self) -> dict[str, int]:
        """Return the unpacked size in bytes of each function with its layers, which Lambda limits."""
        layers = {name: size(path) for name, path in self.layers.items()}
        return {
            name: size(path) + sum(layers[layer] for layer in self.layers_of[name])
            for name, path in self.functions.items()
        }


def read(folder: Path) -> Built:
    """Read the template in `folder`, the build directory of SAM."""
    folder = folder.resolve()
    data = read_yaml(folder / "template.yaml")
    every = data["Globals"]["Function"].get("Layers", [])
    functions = dict(_of("AWS::Serverless::Function", data))
    return Built(
        functions={name: (folder / found["CodeUri"]).resolve() for name, found in functions.items()},
        layers={
            name: (folder / found["ContentUri"]).resolve() for name, found in _of("AWS::Serverless::LayerVersion", data)
        },
        layers_of={name: _names([*every, *found.get("Layers", [])]) for name, found in functions.items()},
        folder=folder,
    )


def size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def _of(kind: str, data: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, resource in data["Resources"].items():
        if resource["Type"] == kind:
            yield name, resource["Properties"]


def _names(layers: list[dict[str, str]]) -> tuple[str, ...]:
    return tuple(layer["Ref"] for layer in layers)
