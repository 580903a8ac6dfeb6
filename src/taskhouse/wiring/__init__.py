"""Where the rooms are put together: the only package that names concrete classes.

`server` builds a whole server on one home; `administration` opens just the metadata of one. They are apart because the
second must be quick: managing a key imports neither the engine nor the protocols.
"""
