"""Compares the AWS calls of functions with the rights of their roles."""
