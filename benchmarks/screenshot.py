"""`python -m benchmarks.screenshot page=report.html [to=FILE.jpg]`: the README's picture of a report's page.

Four views of it, two by two, as Debian's Chromium shows them through Playwright.
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

from PIL import Image

_SIZE = (1280, 880)  # of a view, CSS pixels
_WIDTH = 1800  # of the picture
_VIEWS = ("Averages with 95 %", "Which differences", "Gallery", "A against B")


def views(page: Path) -> list[Image.Image]:
    """The page, scrolled to each heading of `_VIEWS`."""
    from playwright.sync_api import sync_playwright

    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": _SIZE[0], "height": _SIZE[1]})
        opened.goto(page.absolute().as_uri())
        opened.locator("body[data-ready]").wait_for()
        for heading in _VIEWS:
            opened.locator("h3", has_text=heading).first.evaluate("heading => heading.scrollIntoView()")
            opened.wait_for_timeout(1500)  # pictures below are unpacked when they come into view
            found.append(Image.open(io.BytesIO(opened.screenshot())).convert("RGB"))
        browser.close()
    return found


def main(page: Path, to: Path) -> None:
    """Writes the picture."""
    gap = 12
    whole = Image.new("RGB", (2 * _SIZE[0] + gap, 2 * _SIZE[1] + gap), "#888")
    for at, view in enumerate(views(page)):
        whole.paste(view, ((at % 2) * (_SIZE[0] + gap), (at // 2) * (_SIZE[1] + gap)))
    whole.thumbnail((_WIDTH, _WIDTH))
    whole.save(to, quality=80, optimize=True)
    print(f"wrote {to} ({to.stat().st_size / 1e3:.0f} kB, {whole.width}x{whole.height})")


if __name__ == "__main__":
    given = dict(argument.split("=", 1) for argument in sys.argv[1:])
    main(Path(given["page"]), Path(given.get("to", "benchmarks/results/page.jpg")))
