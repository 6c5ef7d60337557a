"""Raw images to shards.

Run from a checkout: `python -m datasets.prepare ...`. A package in here that defines `config(to)` is an embedded data
set, found by its name (`data=demo` is `datasets/demo`; see `datasets.embedded`).

This file must exist: without it an installed Hugging Face `datasets` wins the name.
"""

from ablate import interruption

interruption.while_loading()
