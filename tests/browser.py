"""Pages in a real browser, as a person sees them."""

import contextlib
import os
import shutil

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@contextlib.contextmanager
def opened(path, **context):
    """A page of a local file in headless Chromium. Fails on any error in its console and on any request to a host."""
    if CHROMIUM is None:
        refuse = pytest.fail if os.environ.get("ABLATE_TEST_ALL") else pytest.skip
        refuse("needs a browser: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    wrong = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_context(**context).new_page()
        page.on("console", lambda message: wrong.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("request", lambda request: _note_host(request.url, wrong))
        page.goto(path.as_uri())
        page.locator("body[data-ready]").wait_for()
        yield page
        browser.close()
    assert wrong == []


def _note_host(url, wrong):
    if not url.startswith(("file:", "data:", "blob:")):
        wrong.append(f"request: {url}")
