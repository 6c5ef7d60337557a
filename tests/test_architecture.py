"""The rules about who may import whom, and how large things are, enforced by reading the sources."""

import ast
import collections
import functools
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("ablate", "datasets", "search_spaces")
    for path in (ROOT / package).rglob("*.py")
}

# From bottom to top: what is on one line may import what is on the lines before it, and nothing else but itself.
FLOORS = {
    "ablate": """
        errors
        interruption
        plugins
        config
        augment models
        identity
        storage
        invocation
        cli
        metrics
        data
        training
        spaces
        results
        stats
        runner
        search
        report
        archive
        query run score status
    """,
    "datasets": """
        options progress_line
        raw
        translate
        arms
        build
        render
        demo
        demo_looks renders
        prepare
        embedded
        checks
        compare download inspect
    """,
}
LEVELS = {
    f"{package}.{room}": level
    for package, floors in FLOORS.items()
    for level, rooms in enumerate(floors.strip().splitlines())
    for room in rooms.split()
}


@functools.cache
def tree(name):
    return ast.parse(MODULES[name].read_text(encoding="utf-8"))


@functools.cache
def imported(name, top_level_only=False):
    """Modules that a module imports, as far as they are ours or Ray."""
    nodes = tree(name).body if top_level_only else ast.walk(tree(name))
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{name}: relative import"
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {module if module in MODULES else node.module for module in inner}
    return found


def room(module):
    """The first two parts of a module's name: the module or folder that stands on a floor."""
    return ".".join(module.split(".")[:2])


def users_of(package):
    return {name for name in MODULES if any(module.split(".")[0] == package for module in imported(name))}


def test_the_walk_sees_the_tree():
    assert {"ablate.run", "ablate.models.unet", "datasets.prepare", "search_spaces.paper_grid"} <= set(MODULES)


def test_every_room_stands_on_a_floor():
    rooms = {room(name) for name in MODULES if name.count(".") and not name.startswith("search_spaces")}
    assert rooms == set(LEVELS)


@pytest.mark.parametrize("package", FLOORS)
def test_no_import_goes_up(package):
    up = [
        f"{name} -> {other}"
        for name in MODULES
        if room(name) in LEVELS and name.startswith(package)
        for other in imported(name)
        if room(other).startswith(f"{package}.") and room(other) in LEVELS and room(other) != room(name)
        if LEVELS[room(other)] >= LEVELS[room(name)]
    ]
    assert not up


def test_the_runner_has_eleven_modules_and_thirteen_folders_at_most():
    here = [path for path in (ROOT / "ablate").iterdir() if not path.name.startswith("__")]
    assert len([path for path in here if path.suffix == ".py"]) <= 11
    assert len([path for path in here if path.is_dir()]) <= 13


def test_imports_form_no_cycle():
    done, path = set(), []

    def visit(name):
        assert name not in path, f"cycle: {' -> '.join([*path, name])}"
        if name in done:
            return
        path.append(name)
        for other in imported(name) & set(MODULES):
            visit(other)
        path.pop()
        done.add(name)

    for name in MODULES:
        visit(name)


def test_the_runner_lies_below_data_and_spaces():
    packages = {other.split(".")[0] for name in MODULES if name.startswith("ablate") for other in imported(name)}
    assert not packages & {"datasets", "search_spaces"}


def test_only_what_fans_work_out_knows_ray():
    rooms = {room(name) for name in users_of("ray")}
    assert {name for name in rooms if name.startswith("ablate")} == {"ablate.runner", "ablate.search", "ablate.spaces"}
    assert {name for name in users_of("ray") if name.startswith("datasets")} == {"datasets.build.workers"}
    assert {name for name in rooms if name.startswith("search_spaces")} == {
        name for name in rooms if name.startswith("search_spaces.tune_")
    }


def reached(name):
    """Every module that is imported where this one is, as far as the sources say."""
    seen, todo = set(), [name]
    while todo:
        module = todo.pop()
        if module not in seen:
            seen.add(module)
            todo += imported(module, top_level_only=True) if module in MODULES else []
    return seen


@pytest.mark.parametrize(
    "name",
    ["ablate.report", "ablate.query", "ablate.run", "ablate.status", "ablate.runner.plan", "ablate.stats.collector"],
)
def test_planning_and_reporting_start_without_torch_or_ray(name):
    assert not {module.split(".")[0] for module in reached(name)} & {"torch", "ray"}


def test_what_drives_trials_starts_without_torch():
    assert "torch" not in {module.split(".")[0] for module in reached("ablate.runner.tuner")}


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "benchmarks").glob("[!_]*.py")))
def test_benchmarks_find_what_they_import(name):
    if name == "render":
        pytest.importorskip("mitsuba", reason="mitsuba is not installed: pip install -e '.[render]'")
    importlib.import_module(f"benchmarks.{name}")


def test_modules_and_functions_can_be_held_in_the_head():
    assert not [name for name, path in MODULES.items() if len(path.read_text(encoding="utf-8").splitlines()) > 300]
    assert not [
        f"{name}.{node.name}"
        for name in MODULES
        for node in ast.walk(tree(name))
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= 60
    ]


def test_no_two_modules_share_a_name():
    names = collections.Counter(path.stem for path in MODULES.values() if not path.stem.startswith("__"))
    # FDA is there twice: once for a data set of its own, and once during training.
    assert [name for name, count in names.items() if count > 1] == ["fda"]
