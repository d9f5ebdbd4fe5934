"""A part for supervisor tests: python -m tests.workers.sleeper steady|deaf|broken."""

import signal
import sys
import time


def main() -> None:
    """Sleep, in the mood that the first argument names."""
    if sys.argv[1] == "broken":
        sys.exit("I can't go on")
    if sys.argv[1] == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("awake", flush=True)
    time.sleep(600)


if __name__ == "__main__":
    main()
