"""moto executes a changeset, but forgets its outputs and parameters."""

from typing import Any

import pytest
from moto.cloudformation import models, parsing


def keep_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    apply = models.ChangeSet.apply

    def apply_with_outputs(changeset: Any) -> None:
        apply(changeset)
        stack, template = changeset.stack, changeset.template_dict
        stack.output_map = parsing.OutputMap(stack.resource_map, template, stack.stack_id)
        stack.parameters = changeset.parameters

    monkeypatch.setattr(models.ChangeSet, "apply", apply_with_outputs)
