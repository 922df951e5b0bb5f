"""`python -m paretosr`, the same as the command `paretosr`."""

from paretosr.cli.app import main

if __name__ == "__main__":
    main()
