"""The whole system on one machine: what infra/template.yaml says, with the real handlers, in one process."""
