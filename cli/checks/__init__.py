"""Checks of `preflight`: modules that read from AWS, DNS and the site, and functions that evaluate the responses."""
