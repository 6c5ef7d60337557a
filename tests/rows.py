"""The rows of results, to be compared with those of another run of the same trials."""

from pathlib import Path

import pandas as pd

from ablate.results.reader import read_rows

_KEYS = {"images": ["trial", "image_id"], "epochs": ["trial", "epoch"]}
_TIMES = ["seconds", "images_per_second"]


def rows(out: Path, table: str) -> pd.DataFrame:
    """All rows of a table in their order, without times, as text: equal where the numbers are equal bit for bit."""
    frame = read_rows(out, table).to_pandas().drop(columns=_TIMES, errors="ignore")
    frame = frame.sort_values(_KEYS[table]).reset_index(drop=True).astype(str)
    assert not frame.duplicated(_KEYS[table]).any()
    return frame
