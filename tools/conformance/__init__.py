"""Runs the official Python client's own test suite against a fresh server and records what passes.

The oracle is code that nobody here wrote: the released client (from the lock beside this file, compiled extensions included) with the
tests of a source checkout that the caller names. Nothing of either is kept in this repository; the checkout is only read.
See docs/compatibility.md for the last run.
"""
