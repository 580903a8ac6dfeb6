"""Definitions: what people declare in the files of a workspace folder, as values.

A workspace is a tenant with its projects, logical tables, metrics, scripts, integration tasks and virtual nodes. Nothing here
says how a logical table is materialized or which instances there are: publishing works that out of these values and freezes it
(`taskhouse.domain.published`). Names are resolved by name, so every value can be read, compared and hashed by itself.

An expression is SQL text in which a field of a source is written `alias.field`. Files are read by `services.definitions`.
"""
