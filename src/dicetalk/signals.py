"""The signals that end a command, and what is told then. Loaded before anything that takes time: it loads nothing."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # `signal` loads two more files, to dress its numbers up as enumerations

STOPPED = "stopped; nothing unfinished is left behind"

STOPS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)]
"""Signals that end a command. One that whoever started us ignores (`nohup`, a shell's background job) stays ignored."""
