"""Bulk transfer: tunnel sessions that fill tables, read them, and read results."""
