"""`python -m dicetalk` is the command `dicetalk`."""

from dicetalk.cli import main

if __name__ == "__main__":
    main()
