"""The rules about who may import whom, enforced by reading the imports."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("ablate", "datasets", "search_spaces")
    for path in (ROOT / package).rglob("*.py")
}


def imported(name, top_level_only=False):
    """Modules that a module imports, as far as they are ours or Ray."""
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else ast.walk(tree)
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{name}: relative import"
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {module if module in MODULES else node.module for module in inner}
    return found


def test_the_walk_sees_the_tree():
    assert {"ablate.run", "ablate.models.unet", "datasets.prepare", "search_spaces.paper_grid"} <= set(MODULES)


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


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("ablate")])
def test_the_runner_lies_below_data_and_spaces(name):
    assert not {module for module in imported(name) if module.split(".")[0] in {"datasets", "search_spaces"}}


def test_only_what_fans_work_out_knows_ray():
    users = {name for name in MODULES if any(module.split(".")[0] == "ray" for module in imported(name))}
    assert users == {
        "ablate.runner.trainable",
        "ablate.runner.cluster",
        "ablate.runner.actor_deaths",
        "ablate.runner.tuner",
        "ablate.search.samplers",
        "ablate.search.asha",
        "ablate.search.suggestions",
        "ablate.search.pbt",
        "ablate.search.driver",
        "ablate.spaces.search",
        "datasets.build.workers",
        *(name for name in users if name.startswith("search_spaces.tune_")),
    }


@pytest.mark.parametrize(
    "name", ["ablate.report", "ablate.query", "ablate.runner.plan", "ablate.run", "ablate.stats.collector"]
)
def test_planning_and_reporting_start_without_torch_or_ray(name):
    seen, todo = set(), [name]
    while todo:
        module = todo.pop()
        if module in MODULES and module not in seen:
            seen.add(module)
            todo += imported(module, top_level_only=True)
        assert module.split(".")[0] not in {"torch", "ray"}, f"{name} reaches {module} through {seen}"
