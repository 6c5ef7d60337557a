"""Which ingredient of synthetic training makes a segmentation network find the animal in real photographs?"""

import os

from ablate import interruption

__version__ = "0.1.0"

# Ray reads these when it is imported, which a space that searches does first of all; its workers inherit them.
os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")  # or workers start by `uv run`, in a copy of the folder
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")  # our own console shows the progress
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")  # results are ours to write
os.environ.setdefault("TUNE_PRINT_ALL_TRIAL_ERRORS", "0")  # they are in the trials' logs
os.environ.setdefault(
    "RAY_DEDUP_LOGS_SKIP_REGEX", "^A worker died or was killed|^Raylet is terminated|low on memory|memory pressure"
)
os.environ.setdefault("TUNE_DISABLE_SIGINT_HANDLER", "1")  # the signals are ours, see `interruption`
os.environ.setdefault("TUNE_FORCE_TRIAL_CLEANUP_S", "5")  # an epoch that lasts longer is begun again

interruption.while_loading()
