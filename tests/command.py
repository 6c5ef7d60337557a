"""Running the commands as a user does: in a process of their own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def run(module: str, *arguments: object, timeout: float = 900, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs `python -m module arguments` to its end, with its output captured."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=timeout, check=False
    )


def start(module: str, *arguments: object, log: Path) -> subprocess.Popen[bytes]:
    """Starts the same, its output going to a file."""
    with log.open("wb") as file:
        command = [sys.executable, "-m", module, *map(str, arguments)]
        options = {"stdout": file, "stderr": subprocess.STDOUT, "preexec_fn": interruptible}
        return subprocess.Popen(command, cwd=ROOT, **options)


def interruptible() -> None:
    """For `preexec_fn`: the process hears Ctrl-C."""
    # Whoever started the tests in the background of a script has made them, and their children, deaf to Ctrl-C.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
