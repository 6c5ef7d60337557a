"""Search spaces as they are written: explicit ones, filters, and searches."""

import sys

from ablate.spaces import space

sys.modules["ablate.space"] = space  # its name in files of spaces that were written before it had a room
