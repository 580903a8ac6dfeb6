"""Logview: the page of one task instance, for people. See `pages` for how it is reached and who may see it."""
