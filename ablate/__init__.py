"""Which ingredient of synthetic training makes a segmentation network find the animal in real photographs?"""

import os

__version__ = "0.1.0"

# Ray reads these when it is imported, which a space that searches does first of all; its workers inherit them.
os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")  # or workers start by `uv run`, in a copy of the folder
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")  # our own console shows the progress
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")  # results are ours to write
