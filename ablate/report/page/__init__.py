"""The report as one HTML page that needs nothing else: no network, no server, no files beside it."""

from __future__ import annotations

import string
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from itertools import chain
from pathlib import Path

from ablate.data.root import Data
from ablate.report.layout import plural
from ablate.report.page.appendix import Appendix
from ablate.report.page.html import text
from ablate.report.page.sections import PhotographSections, file
from ablate.stats import scores

_SCRIPTS = ("figures.js", "photographs.js", "gallery.js", "pairs.js", "page.js")


def page(
    out: Path,
    data: Data | None,
    trials: Sequence[str] | None = None,
    compare: bool = False,
    search: str | None = None,
) -> str:
    """The page of a folder of results.

    Args:
        data: where the photographs are; None for a page without a gallery.
        trials: only these; None for all.
        compare: also show the paper's published numbers.
        search: only its history.

    Raises:
        UsageError: the data cannot be read.
    """
    groups = scores.build(out, trials) if search is None else ()
    parts = [PhotographSections(out, group, number, data, compare) for number, group in enumerate(groups)]
    appendix = Appendix(out, search) if trials is None or search is not None else None
    alone = len({group.digest for group in groups}) == 1
    inside = "".join(part.html(alone) for part in parts) + (appendix.html() if appendix else "")
    done = len({*chain.from_iterable(group.trials.loc[group.trials["status"] == "done", "trial"] for group in groups)})
    return string.Template(file("page.html")).substitute(
        style=file("page.css"),
        about=text(f"{plural(done, 'trained network')} in {out.name}, {datetime.now():%Y-%m-%d %H:%M}"),
        links="".join(part.links(alone) for part in parts) + (appendix.links() if appendix else ""),
        content=inside or "<p>No trial has finished yet.</p>",
        library=_vega() if inside else "",
        script="\n".join(map(file, _SCRIPTS)),
    )


@cache
def _vega() -> str:
    """The code that draws the figures: Vega, Vega-Lite and Vega-Embed (BSD licence)."""
    import vl_convert

    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return bundle.replace("</script", "<\\/script")
