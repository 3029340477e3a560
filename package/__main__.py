"""`python -m intertwine` is the `intertwine` command."""

from intertwine.cli import main

if __name__ == "__main__":
    main()
