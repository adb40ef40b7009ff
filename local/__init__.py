"""Run the whole system of infra/template.yaml on one machine, with the real handlers, in one process."""
