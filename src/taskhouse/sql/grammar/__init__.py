"""The grammar of MaxCompute SQL.

A recursive descent over tokens, one class per layer (cursor, expressions, queries) and one module of functions per family
of statements. `taskhouse.sql.parser.parse` is the way in.
"""
