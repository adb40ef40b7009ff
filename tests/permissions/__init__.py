"""Compares the AWS calls of functions with the permissions of their roles."""
