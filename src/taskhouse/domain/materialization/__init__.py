"""Materialization: which nodes write a logical table's fields, under which names, in which version, and the SQL that they run.

Pure: everything here works on values. What an expression reads is told by whoever can parse SQL (`services.materialization`); here it
is a set of (alias, column). Rules are data, so that documentation and tests read the same table that planning does.
"""
