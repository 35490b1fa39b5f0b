"""The command `dicetalk`, and `python -m dicetalk`: a signal is answered before anything that takes time is loaded."""

import os

from dicetalk.signals import STOPPED, STOPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from types import FrameType
else:
    import _signal as signal  # as in dicetalk.signals


def main() -> None:
    """Run the command line on the arguments of this process and leave with its exit code."""
    for number in STOPS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _leave)
    from dicetalk.cli import main as run

    run()


def _leave(number: int, frame: "FrameType | None") -> None:
    """End at once: nothing has begun yet, or all is done."""
    for each in STOPS:
        signal.signal(each, signal.SIG_IGN)
    os.write(2, f"error: {STOPPED}\n".encode())
    os._exit(128 + number)


if __name__ == "__main__":
    main()
