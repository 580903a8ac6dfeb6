"""`python -m taskhouse` is the command `taskhouse`."""

from taskhouse.cli import main

if __name__ == "__main__":
    main()
