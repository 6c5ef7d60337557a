"""The README and the pages of `docs/`: links, keys, paths and columns exist, and blocks that are marked run.

A comment on the line before a code block, which a reader does not see, says what the block is:

    <!-- runnable -->        its commands, or its Python, run beside a folder `results`
    <!-- runnable slow -->   the same, in the slow suite
    <!-- file: NAME -->      it is the file NAME, which later blocks of the page use
"""

import functools
import importlib.util
import itertools
import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from ablate.stats.collector import collect
from tests.results_factory import photos, write, write_plan

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]

_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>.+?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_COMMAND = re.compile(r"python -m ((?:ablate|datasets)\.\w+) (.+)")
_PATH = re.compile(r"`((?:ablate|datasets|search_spaces|benchmarks|tests|docs)/[\w./]*)`")
_NAME_IN_FILE = re.compile(r"`((?:ablate|datasets)/[\w/]+\.py)` `(\w[\w.]*)`")

# Runs commands one after the other in one process, which loads libraries once.
_RUNNER = """
import contextlib, io, json, runpy, sys
ran = []
for module, *arguments in json.load(sys.stdin):
    sys.argv, status, told = [module, *arguments], 0, io.StringIO()
    try:
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
            runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        status = end.code or 0
    ran.append((status, told.getvalue()))
print(json.dumps(ran))
"""


@dataclass(frozen=True)
class Block:
    """A fenced block of code; `line` is that of its fence."""

    page: Path
    line: int
    mark: str
    language: str
    text: str


def text_of(page):
    return page.read_text(encoding="utf-8")


def blocks(page):
    text = text_of(page)
    return [
        Block(
            page, text.count("\n", 0, found.start("language")) + 1, *(found[name] or "" for name in found.groupdict())
        )
        for found in _BLOCK.finditer(text)
    ]


def each(page):
    return pytest.mark.parametrize("page", page, ids=lambda page: page.name)


def anchors(page):
    """What GitHub makes of the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", _BLOCK.sub("", text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each(PAGES)
def test_links_lead_somewhere(page):
    for link in _LINK.findall(text_of(page)):
        if re.match(r"https?://", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_readme_links_to_every_page():
    assert {f"docs/{page.name}" for page in PAGES[1:]} <= set(_LINK.findall(text_of(README)))


def test_the_readme_is_short():
    assert len(text_of(README).splitlines()) <= 150
    assert len(text_of(README).split()) <= 1200


def started(words, given, folder):
    """Runs Python with some text as its input, and returns what it prints."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, *words]
    done = subprocess.run(
        command, cwd=folder, env=environment, input=given, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def outputs(commands, folder):
    """What commands print, each a module and its arguments; all have to succeed."""
    ran = json.loads(started(["-c", _RUNNER], json.dumps(commands), folder))
    for words, (status, told) in zip(commands, ran, strict=True):
        assert status == 0, f"{shlex.join(words)}\n{told}"
    return [told for _, told in ran]


def typed(page):
    """The commands in a page's blocks, each a module and its arguments."""
    return [
        [module, *shlex.split(arguments, comments=True)]
        for block in blocks(page)
        for module, arguments in _COMMAND.findall(block.text)
    ]


@functools.cache
def keys():
    """For each command of the pages, the keys that its `--help` lists."""
    modules = sorted({module for page in PAGES for module, *_ in typed(page)})
    shown = outputs([[module, "--help"] for module in modules], ROOT)
    return {name: re.findall(r"^  ([\w.]+)=", told, re.MULTILINE) for name, told in zip(modules, shown, strict=True)}


@each(PAGES)
def test_keys_are_those_of_the_commands(page):
    for module, *arguments in typed(page):
        pairs = {re.match(r"([\w.]+)=", word) for word in arguments} - {None}
        assert {pair[1] for pair in pairs} <= set(keys()[module]), f"{module} {shlex.join(arguments)}"


@each([*PAGES, ROOT / "CONTRIBUTING.md"])
def test_paths_exist(page):
    named = {path for path in _PATH.findall(text_of(page)) if "NAME" not in path}
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


@each(PAGES)
def test_functions_and_classes_are_in_the_files_that_are_named(page):
    for path, name in _NAME_IN_FILE.findall(text_of(page)):
        source = text_of(ROOT / path)
        for part in name.split("."):
            assert re.search(rf"^\s*(?:def|class) {part}\b", source, re.MULTILINE), f"{path}: {name}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with `results` of two networks on two arms."""
    folder = tmp_path_factory.mktemp("docs")
    shots = photos({"10": 40, "2": 31, "4": 12}, {"2": 4, "10": 4})
    for model, (arm, iou) in itertools.product(("unet", "segnet"), {"full": 0.3, "crop": 0.6}.items()):
        write(folder / "results", {"10": iou, "2": iou - 0.1, "4": 0.0}, of=shots, model=model, arm=arm)
    write_plan(folder / "results", space="paper_grid")
    collect(folder / "results")
    return folder


def test_every_column_is_described(folder):
    """Every column has its name in the first cell of a row, below the heading of its table."""
    sections = dict(
        re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", text_of(ROOT / "docs/results.md"), re.MULTILINE | re.DOTALL)
    )
    sql = "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal AND table_name != 'grid'"
    [listed] = outputs([["ablate.query", "format=csv", sql]], folder)
    columns = {tuple(line.split(",")) for line in listed.splitlines()[1:]}
    described = {
        (table, name)
        for table, text in sections.items()
        for cell in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", cell)
    }
    assert {("images", "iou"), ("runs", "command")} <= columns
    assert not columns - described


def run_block(block, folder):
    """Writes or runs a block; skips Python that needs a library which is not here."""
    if block.mark.startswith("file: "):
        (folder / block.mark.removeprefix("file: ")).write_text(block.text)
    elif block.language == "python":
        for library in re.findall(r"^import (\w+)", block.text, re.MULTILINE):
            if importlib.util.find_spec(library) is None:
                pytest.skip(f"{library} is not installed")
        started(["-c", block.text], "", folder)
    else:
        commands = [shlex.split(line, comments=True) for line in block.text.splitlines()]
        assert all(words[:4] == ["uv", "run", "python", "-m"] for words in commands)
        outputs([words[4:] for words in commands], folder)


def marked(slow):
    """The blocks of the suite, in the order of their pages."""
    found = [block for page in PAGES for block in blocks(page) if block.mark.startswith(("runnable", "file: "))]
    return pytest.mark.parametrize(
        "block",
        [block for block in found if (block.mark == "runnable slow") == slow],
        ids=lambda block: f"{block.page.name}:{block.line}",
    )


@marked(slow=False)
def test_blocks_run(block, folder):
    run_block(block, folder)


@pytest.mark.slow
@marked(slow=True)
def test_slow_blocks_run(block, folder):
    run_block(block, folder)
