"""Asks every node of a cluster, before the first trial, for all that a trial needs there.

A trial that begins on a node without it would fail or, worse, leave its results on a disk that nobody else sees.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import ray
from ray import ObjectRefGenerator
from ray.exceptions import RayError, RayTaskError, RuntimeEnvSetupError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ablate import interruption
from ablate.config import TrialConfig
from ablate.errors import UsageError, last_line
from ablate.identity import Identities, code_digest
from ablate.runner import cluster, credentials, encoder_check, node_data, results_token
from ablate.runner.commit import versions_here
from ablate.runner.credentials import Credentials

_AGAIN = 0.5  # seconds between two looks
_QUIET = 20.0  # seconds after which it is said what a node is waited for


@dataclass(frozen=True)
class Needs:
    """What trials need on a node.

    Attributes:
        data, manifest, embedded: see `node_data.planned`.
        results: the place of `out`.
        token: see `results_token`.
        configs: trials that differ in their code or in their pretrained weights.
        codes: digests of their code where the run was planned.
    """

    data: str
    manifest: str
    embedded: str | None
    results: str
    token: str
    configs: tuple[TrialConfig, ...]
    codes: tuple[str, ...]
    credentials: Credentials


@dataclass(frozen=True)
class _Answer:
    """What a node has: versions of libraries by name, and what is wrong with it, if anything is."""

    versions: Mapping[str, str | None]
    problem: str | None


def distinct(configs: Iterable[TrialConfig]) -> tuple[TrialConfig, ...]:
    """Of each kind of trial, by its parts and pretrained weights, the first one."""
    found: dict[tuple[object, ...], TrialConfig] = {}
    identities = Identities()
    for config in configs:
        key = (config.model, config.augment, config.encoder, config.decoder, config.encoder_weights, config.adapt)
        found.setdefault((*key, identities.code_digest(config)), config)
    return tuple(found.values())


def check(needs: Needs, out: Path, report: Callable[[str], None]) -> None:
    """Asks all nodes at once; `report` is told what is waited for, and which libraries differ.

    Raises:
        UsageError: nodes lack something; says which, and what.
        KeyboardInterrupt: this process was asked to end.
    """
    nodes = {node["NodeID"]: _label(node) for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")}
    task = ray.remote(num_cpus=0, max_retries=0)(_look)
    asked = {
        task.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)).remote(needs, node): node
        for node in nodes
    }
    try:
        answers = _answers(asked, nodes, report)
        problems = {node: answer.problem for node, answer in answers.items() if answer.problem}
        for node in answers.keys() - problems.keys():
            if not results_token.answered(out, needs.token, node):
                problems[node] = f"out={needs.results}: what it writes does not come: it {results_token.NOT_SHARED}"
    finally:
        results_token.remove_answers(out, needs.token, nodes)
    if problems:
        found = "; ".join(f"node {nodes[node]}: {problem}" for node, problem in sorted(problems.items()))
        raise UsageError(f"{len(problems)} of {len(nodes)} nodes cannot run these trials: {found}")
    for node, answer in sorted(answers.items()):
        if differing := _differing(answer.versions):
            report(f"node {nodes[node]} has other libraries than the driver, and may compute otherwise: {differing}")


def _answers(
    asked: dict[ObjectRefGenerator, str], nodes: Mapping[str, str], report: Callable[[str], None]
) -> dict[str, _Answer]:
    answers: dict[str, _Answer] = {}
    busy_with = dict.fromkeys(asked.values(), "starting a process with our code")
    told = time.monotonic()
    while asked and cluster.dead() is None:
        for stream in ray.wait([*asked], timeout=_AGAIN)[0]:
            node = asked[stream]
            said = _next(stream)
            if said is None:
                report(f"node {nodes[node]} was lost before it answered")
                del asked[stream]
            elif isinstance(said, _Answer):
                answers[node] = said
                del asked[stream]
            else:
                busy_with[node] = said
        if interruption.asked():
            raise KeyboardInterrupt
        if time.monotonic() - told > _QUIET:
            told = time.monotonic()
            waiting = "; ".join(f"{nodes[node]}: {busy_with[node]}" for node in sorted(asked.values()))
            report(f"waiting for {len(asked)} of {len(nodes)} nodes: {waiting}")
    return answers


def _next(stream: ObjectRefGenerator) -> _Answer | str | None:
    """The next thing that a node says: what it is busy with, or its answer; None where it is lost."""
    try:
        found: _Answer | str = ray.get(next(stream))
    except RuntimeEnvSetupError as error:
        return _Answer({}, f"our code could not be put there: {last_line(str(error))}")
    except RayTaskError as error:
        return _Answer({}, last_line(str(error)))
    except (RayError, StopIteration):
        return None
    return found


def _look(needs: Needs, node: str) -> Iterator[_Answer | str]:
    """Runs on a node. Errors are returned as text: Ray would wrap exceptions in traces."""
    credentials.take(needs.credentials)
    versions = versions_here()
    try:
        yield "looking for the libraries and the code"
        _require_code(needs, versions)
        yield f"reading and writing out={needs.results}"
        with results_token.folder(needs.results, needs.token) as out:
            results_token.answer(out, needs.token, node)
        yield f"looking for data={needs.embedded or needs.data}, which is built there where it is an embedded set"
        node_data.planned(needs.data, needs.manifest, needs.embedded, lambda line: None)
        yield "fetching pretrained weights"
        encoder_check.build(needs.configs, lambda line: None)
    except UsageError as error:
        yield _Answer(versions, str(error))
    except (ImportError, ValueError, OSError) as error:
        yield _Answer(versions, f"{type(error).__name__}: {error}")
    else:
        yield _Answer(versions, None)


def _require_code(needs: Needs, versions: Mapping[str, str | None]) -> None:
    # OpenCV is installed under several names.
    lacking = [name for name, version in versions.items() if version is None and not name.startswith("opencv")]
    if lacking:
        raise UsageError(f"it has no {', '.join(lacking)}; install the project's packages there")
    if tuple(map(code_digest, needs.configs)) != needs.codes:
        raise UsageError("other code lies there than here")


def _differing(versions: Mapping[str, str | None]) -> str:
    ours = versions_here()
    return ", ".join(f"{name} {there} (here {ours[name]})" for name, there in versions.items() if there != ours[name])


def _label(node: Mapping[str, str]) -> str:
    return f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})"
