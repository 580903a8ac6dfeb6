"""What people look at: lists, pages, pictures and downloads of recurring instances and of their tasks.

A view reads and never decides. Lists and logs ask the store; what looks around an instance (fields, DAG, lineage, diagnosis, Gantt) uses
the book where the data timestamp is loaded, and reads just the neighbourhood from the store where it is not. Each view needs a number
of store calls that does not grow with what it shows; docs/views.md has the numbers, tests hold them.

Results are frozen dataclasses that serialise as they are: enums by value, times in UTC, durations in seconds.
"""
