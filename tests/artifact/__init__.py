"""Tests of the built functions, run as Lambda runs them."""
