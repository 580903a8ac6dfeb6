"""The simulator: a seeded world in which the real domain, scheduler and store live through faults. See docs/simulation.md."""
