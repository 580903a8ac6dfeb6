"""What Taskhouse costs over what it is built on. `python -m benchmarks --help`; results are printed, nothing is kept."""
