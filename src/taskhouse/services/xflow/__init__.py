"""XFlow: one submitted request that runs an algorithm as sub-instances, each with status, result and Logview of its own.

The plan of sub-instances is made when the request is submitted and stored in the same transaction, so that a client which
asks right after `run_xflow` sees all of them. The XFlow's own task runs them one after another in the slot that it got.
"""
