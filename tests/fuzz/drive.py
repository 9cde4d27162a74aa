"""Runs one target under atheris: `python -m tests.fuzz.drive TARGET [words]`.

The words are libFuzzer's. With a file instead of folders it takes that input alone, and
so repeats what was found.
Its Python has atheris, and the project's own packages on its path: see test_fuzz.
"""

import resource
import sys
import time

import atheris  # pyright: ignore[reportMissingImports]

with atheris.instrument_imports(include=["leadwell"]):
    from tests.fuzz import targets

CPU_MAX_S = 0.05
MEMORY_MAX_BYTES = 1 << 30
"""libFuzzer would compare the most that this process ever had, or who started it."""
TRIES = 4
"""How often an input has to take too long: a machine that is busy elsewhere is slow
once."""


class TooSlow(AssertionError):
    """An input of a few kilobytes keeps a processor busy for too long."""


def main() -> None:
    """Fuzz until the words say stop."""
    name, *words = sys.argv[1:]
    target = targets.TARGETS[name]

    def take(data: bytes) -> None:
        spent = []
        for _ in range(TRIES):
            started = time.thread_time()
            targets.feed(target, data)
            spent.append(time.thread_time() - started)
            if spent[-1] <= CPU_MAX_S:
                return
        raise TooSlow(f"{name} took {min(spent):.3f} s at least, {TRIES} times")

    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_MAX_BYTES, MEMORY_MAX_BYTES))
    atheris.Setup([sys.argv[0], *words], take)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
