"""`python -m paretosr`, the same as the command `paretosr`."""

from paretosr.cli import main

if __name__ == "__main__":
    main()
