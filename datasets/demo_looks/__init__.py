"""The embedded demo with its crops in every look: an arm for each translator, and one look for each camera.

`data=demo_looks`, for `space=translators`. The raw files and the arms `crop` and `real` are those of `demo`, so that
trials on them are the same trials. Written once, in some minutes, nearly all of which train the translator `cut`;
interrupted, it begins anew. Another type or number of cores rounds otherwise, and makes another arm `cut`.
"""

from __future__ import annotations

from pathlib import Path

from datasets import demo
from datasets.options import PrepareConfig

RAW = Path(demo.__file__).parent

ARMS = ("crop", "reinhard", "histogram", "fda", "cut", "i2i_location")

# A narrow generator and a short training: minutes of one core. Of four such trainings the one that came nearest to the
# photographs and kept most of the crops' edges (`datasets.compare`); no score on photographs was looked at.
CUT = {
    "mode": "fastcut",
    "size": 32,
    "width": 16,
    "blocks": 4,
    "batch": 2,
    "images": 6000,
    "lambda_nce": 10.0,
    "learning_rate": 3e-4,
}


def config(to: Path, raw: Path = RAW) -> PrepareConfig:
    """How the demo's raw files become the data root `to`; `raw` is the folder that holds them."""
    options = ("style=all", *(f"cut.{name}={value}" for name, value in CUT.items()))
    return demo.config(to, raw).model_copy(update={"arms": ARMS, "translator_options": options})
