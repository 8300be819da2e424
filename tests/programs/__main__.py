"""Any number of random programs: ``python -m tests.programs COUNT SEED``, from the repository's root."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]
    from programs.arbitrary.command import main

    sys.exit(main())
