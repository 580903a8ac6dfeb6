"""The scheduler of recurring instances: it moves what may move, and asks the domain about everything.

`RecurringScheduler` is one pass at a time on an injected clock, without threads; `RecurringLoop` is the thread that calls it.
"""
