"""What is read again when a file is edited."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from samlocal.runtime.reload import Reload


@pytest.mark.parametrize(("edited", "read"), [("template.yaml", 1), ("site.yaml", 1), ("waf.yaml", 0)])
def test_the_template_is_read_again_with_its_nested_templates_and_for_no_other_file(
    tmp_path: Path, edited: str, read: int
) -> None:
    file = tmp_path / "template.yaml"
    file.write_text("Resources: { Site: { Type: AWS::Serverless::Application, Properties: { Location: site.yaml } } }")
    adopted: list[Any] = []
    stack: Any = SimpleNamespace(
        adopt=adopted.append,
        load_template=lambda: "edited",
        functions=SimpleNamespace(code=SimpleNamespace(forget=lambda: None)),
        template=SimpleNamespace(layers=(), code_folders=()),
        terminal=SimpleNamespace(say=lambda *_: None),
    )
    Reload(stack, file).edited({tmp_path / edited})
    assert len(adopted) == read
