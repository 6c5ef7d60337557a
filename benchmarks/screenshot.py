"""`python -m benchmarks.screenshot page=report.html [to=FILE]`: pictures of a report's page for the documentation.

Four views of it, two by two, as Debian's Chromium shows them through Playwright. With `figure=TITLE` the one figure
whose title contains this, without the title.
"""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from benchmarks import settings

if TYPE_CHECKING:
    from playwright.sync_api import Page

_SIZE = (1280, 880)  # of a view, CSS pixels
_WIDTH = 1800  # of the picture
_VIEWS = ("Averages with 95 %", "Which differences", "Gallery", "A against B")


@contextlib.contextmanager
def shown(page: Path) -> Iterator[Page]:
    """A browser's page with the report."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": _SIZE[0], "height": _SIZE[1]})
        opened.goto(page.absolute().as_uri())
        opened.locator("body[data-ready]").wait_for()
        yield opened
        browser.close()


def views(opened: Page) -> Image.Image:
    """The page, scrolled to each heading of `_VIEWS`."""
    gap = 12
    whole = Image.new("RGB", (2 * _SIZE[0] + gap, 2 * _SIZE[1] + gap), "#888")
    for at, heading in enumerate(_VIEWS):
        opened.locator("h3", has_text=heading).first.evaluate("heading => heading.scrollIntoView()")
        opened.wait_for_timeout(1500)  # pictures below are unpacked when they come into view
        view = Image.open(io.BytesIO(opened.screenshot()))
        whole.paste(view, ((at % 2) * (_SIZE[0] + gap), (at // 2) * (_SIZE[1] + gap)))
    whole.thumbnail((_WIDTH, _WIDTH))
    return whole


def figure(opened: Page, title: str) -> Image.Image:
    """The first figure whose title contains `title`."""
    found = opened.locator("figure.chart", has_text=title).first
    found.scroll_into_view_if_needed()
    found.locator("svg.marks").wait_for()
    return Image.open(io.BytesIO(found.locator(".plot").screenshot())).convert("RGB")


def main(given: Mapping[str, str]) -> None:
    """Writes the picture."""
    to = Path(given.get("to", "benchmarks/results/page.jpg"))
    with shown(Path(settings.required(given, "page"))) as opened:
        picture = figure(opened, given["figure"]) if "figure" in given else views(opened)
    picture.save(to, quality=80, optimize=True)
    print(f"wrote {to} ({to.stat().st_size / 1e3:.0f} kB, {picture.width}x{picture.height})")


if __name__ == "__main__":
    main(settings.given(__doc__))
