"""Definitions as files: reading and checking a workspace folder, planning what publishing it would change, publishing it."""
