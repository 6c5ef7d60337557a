"""Manifests that somebody else wrote: read, or refused in a line, and nothing outside the data root is touched."""

import contextlib
import copy
import hashlib
import json
import shutil
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ablate.cli import run_command
from ablate.config import RunConfig, TrialConfig
from ablate.data import manifest
from ablate.data import root as data
from ablate.data.manifest import MANIFEST, read_manifest
from ablate.errors import UsageError
from ablate.runner import preflight
from ablate.runner.plan import plan
from ablate.spaces.loader import load_space
from datasets import compare, inspect
from datasets.inspect import InspectConfig
from tests import tiny_data
from tests.web import Site, serving

ARM = "/../../x"
UP = "../../../x"  # of the folder in the cache where links to the copies of a URL's arms are kept: beside the cache


@pytest.fixture(scope="module")
def small_root(tmp_path_factory):
    """A data root of few samples."""
    return tiny_data.write(tmp_path_factory.mktemp("small"), train=2, val=1)


def told(root):
    return json.loads((root / MANIFEST).read_bytes())


def renamed(known, name):
    """The manifest with its arm crop under another name, its shards below it."""
    known["arms"][name] = known["arms"].pop("crop")
    for shard in known["arms"][name]["shards"]:
        shard["name"] = shard["name"].replace("crop", name)
    return known


def changed(root, change):
    known = told(root)
    (root / MANIFEST).write_text(json.dumps(change(known) or known))
    return root


@pytest.mark.parametrize(
    "name", [ARM, "..", ".", "", "a/b", "a\\b", "a\0b", "/etc", "~", "a\x1b[31m", "a*", "{a}", "%s", "a\nb", "x" * 101]
)
def test_an_arm_cannot_be_named_like_a_path_or_a_command(tiny_root, tmp_path, name):
    root = shutil.copytree(tiny_root, tmp_path / "root")
    changed(root, lambda known: renamed(known, name))
    with pytest.raises(UsageError, match=r"no (arm|shard)'s name") as caught:
        read_manifest(root)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["crop", "i2i_location", "Förster", "Fo\u0308rster", "森", "a.b", "my arm (2)"])
def test_an_arm_may_have_any_plain_name(tiny_root, tmp_path, name):
    root = shutil.copytree(tiny_root, tmp_path / "root")
    changed(root, lambda known: renamed(known, name))
    assert name in read_manifest(root).arms


def test_an_arm_that_leads_elsewhere_replaces_nothing(tiny_root, tmp_path, monkeypatch):
    """An arm without shards once made a link of a file beside the cache."""
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "deep" / "cache"))
    precious = [tmp_path / "deep" / "x", tmp_path / "deep" / "cache" / "x", tmp_path / "x"]
    for path in precious:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("precious")
    site = Site()
    root = shutil.copytree(tiny_root, tmp_path / "root")
    changed(root, lambda known: known["arms"].update({UP: known["arms"].pop("crop") | {"shards": []}}))
    site.share(root, "/root")
    with serving(site) as served, pytest.raises(UsageError, match=f"data={served.url}/root: .*no arm's name"):
        inspect.main(InspectConfig(data=f"{served.url}/root", to=str(tmp_path / "sheets")))
    assert [path.read_text() for path in precious] == ["precious"] * 3


WRONG = {
    "digest": (lambda known: known["arms"]["crop"].update(digest="../x"), r"arms\.crop\.digest"),
    "checksum": (lambda known: known["arms"]["crop"]["shards"][0].update(sha256="A" * 64), "sha256"),
    "negative": (lambda known: known["arms"]["crop"]["counts"].update(train=-1), r"counts\.train"),
    "fraction": (lambda known: known["arms"]["crop"]["counts"].update(train=1.0), r"counts\.train"),
    "huge": (lambda known: known["arms"]["crop"]["shards"][0].update(samples=10**30), "samples"),
    "split": (lambda known: known["arms"]["crop"]["counts"].update({"../x": 1}), "counts"),
    "twice": (lambda known: known["arms"]["crop"]["shards"].append(known["arms"]["crop"]["shards"][0]), "there twice"),
    "another arm's": (lambda known: known["arms"].update(crop=known["arms"]["i2i"]), "which is no shard of crop"),
    "code": (lambda known: known["trial_defaults"].update(model="/x/evil.py"), "cannot name a file.*trial.model=FILE"),
    "weights": (lambda known: known["trial_defaults"].update(encoder_weights="/etc/passwd"), "cannot name a file"),
    "slow": (lambda known: known["trial_defaults"].update(train_names="(a+)+$"), "letters.*type trial.train_names=..."),
    "a list": (lambda known: known["trial_defaults"].update(epochs=[1]), "epochs=list: no value"),
    "a long number": (lambda known: known["trial_defaults"].update(epochs=10**4000), "epochs=int: no value"),
    "deep": (lambda known: known["parameters"].update(x=json.loads("[" * 90 + "]" * 90)), "nested too deep"),
    "escape": (lambda known: known.update(arms={"\x1b[2J": 3}), r"not a manifest"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_cannot_be_is_one_line_that_names_the_place(tiny_root, tmp_path, kind):
    change, message = WRONG[kind]
    root = shutil.copytree(tiny_root, tmp_path / "root")
    changed(root, lambda known: change(known) and None)
    with pytest.raises(UsageError, match=message) as caught:
        data.at(str(root))
    assert str(root / MANIFEST) in str(caught.value)
    assert str(caught.value).isprintable()


def test_the_manifests_that_we_write_are_read_back(tiny_root):
    found = read_manifest(tiny_root)
    assert manifest.Manifest.model_validate_json(found.model_dump_json()) == found


# None that would do harm on the machine of somebody who breaks the checks.
NAMES = st.sampled_from([UP, "../x", "..", "x/../../../../x", "e\u0301", "\ud800", "a\0", "*", "{0}", "real", "[red]"])
# What a stranger may have put into any place of a manifest.
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, 2**31, 2**63, 10**30, -(10**400), 1e308, 0.5]),
    st.sampled_from(["", "..", "../x", "a\0", "e\u0301", "\ud800", "crop/train-000000.tar", "%s{0}[red]"]),
    st.sampled_from([[], {}, [[]], {"a": {}}, ["crop"], {"crop": 1}, {"../x": {}}]),
    st.integers(1, 400).map(lambda depth: json.loads("[" * depth + "]" * depth)),
    st.text(max_size=8),
)


def places(value, path=()):
    """Every place in a JSON value."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*path, key))


@st.composite
def spoiled(draw, known):
    """A manifest with some of its values swapped, missing, or under another name."""
    known = copy.deepcopy(known)
    if draw(st.booleans()):
        name = draw(st.one_of(NAMES, st.text(max_size=8)))
        known = renamed(known, name)
        if draw(st.booleans()):
            known["arms"][name]["shards"] = []
    if draw(st.booleans()):
        known["parameters"] = {
            draw(st.sampled_from(["arms", "selection", "crop", "remarks"])): copy.deepcopy(draw(ODD))
        }
    if draw(st.booleans()):
        known["trial_defaults"][draw(st.sampled_from(list(TrialConfig.model_fields)))] = copy.deepcopy(draw(ODD))
    for _ in range(draw(st.integers(0, 2))):
        path = draw(st.sampled_from([place for place in places(known) if place]))
        at = known
        for step in path[:-1]:
            at = at[step]
        how = draw(st.sampled_from(["value", "missing", "name"]))
        if how == "value" or isinstance(at, list):
            at[path[-1]] = copy.deepcopy(draw(ODD))
        else:
            value = at.pop(path[-1])
            if how == "name":
                at[str(draw(ODD))[:300]] = value
    return json.dumps(known).encode()


def state(folder):
    """What lies below a folder: names, and the content of files."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in folder.rglob("*")
    }


def one_line(work):
    """Runs a reader; a `UsageError` of one line is as good as a result."""
    with contextlib.suppress(UsageError):
        return work()
    return None


@pytest.fixture(scope="module")
def yard(small_root, tmp_path_factory):
    """A data root, a cache and a precious file, each in its own folder of one place."""
    place = tmp_path_factory.mktemp("yard")
    shutil.copytree(small_root, place / "data" / "root")
    for name in ("x", "data/x", "cache/x"):
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text("precious")
    return place


def read_everywhere(root, sheets):
    found = one_line(lambda: data.at(str(root)))
    if found is None:
        return
    one_line(lambda: found.verify(found.manifest.arms, print))
    run = RunConfig(space="smoke", data=str(root))
    planned = one_line(lambda: plan(run, load_space("smoke"), found.manifest))
    if planned:
        preflight.differences(found.manifest)
        one_line(
            lambda: preflight.check(found, [trial.config for trial in planned if trial.config.model != "unet_resnet50"])
        )
    one_line(lambda: compare.translated(found))
    one_line(lambda: inspect.main(InspectConfig(data=str(root), to=str(sheets), samples=1)))


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(content=st.data())
def test_any_manifest_is_read_or_refused_in_a_line_and_touches_nothing(yard, tmp_path_factory, capsys, content):
    root = yard / "data" / "root"
    sound = (root / MANIFEST).read_bytes()
    sheets = tmp_path_factory.mktemp("sheets")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ABLATE_CACHE", str(yard / "cache" / "own"))
        try:
            (root / MANIFEST).write_bytes(content.draw(spoiled(json.loads(sound))))
            before = {name: seen for name, seen in state(yard).items() if not name.startswith("cache/own")}
            read_everywhere(root, sheets)
            after = {name: seen for name, seen in state(yard).items() if not name.startswith("cache/own")}
        finally:
            (root / MANIFEST).write_bytes(sound)
    assert before == after
    capsys.readouterr()


@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(content=st.data())
def test_any_manifest_at_a_url_is_copied_or_refused_and_touches_nothing(yard, capsys, content):
    root, site = yard / "data" / "root", Site()
    site.share(root, "/root")
    site.files["/root/manifest.json"] = content.draw(spoiled(told(root)))
    before = {name: seen for name, seen in state(yard).items() if not name.startswith("cache/own")}
    with serving(site) as served, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ABLATE_CACHE", str(yard / "cache" / "own"))
        one_line(lambda: data.at(f"{served.url}/root").folder(print))
    assert before == {name: seen for name, seen in state(yard).items() if not name.startswith("cache/own")}
    capsys.readouterr()


@pytest.mark.parametrize(
    "content", [b"", b"[" * 100_000, b"\xff\xfe", b'"\\ud800"', b"{" * 5, b"NaN", b'{"arms": NaN}']
)
def test_bytes_that_are_no_manifest_are_one_line(tmp_path, content):
    (tmp_path / MANIFEST).write_bytes(content)
    with pytest.raises(UsageError, match="not a manifest"):
        read_manifest(tmp_path)


def test_an_error_obeys_no_terminal_code(tiny_root, tmp_path, monkeypatch, capsys):
    root = shutil.copytree(tiny_root, tmp_path / "root")
    changed(root, lambda known: known["trial_defaults"].update({"\x1b]0;x\x07": 1}))
    monkeypatch.setattr(sys, "argv", ["inspect", f"data={root}", f"to={tmp_path}\x1b[2J"])
    (tmp_path / "\x1b[2J").parent.mkdir(exist_ok=True)
    (tmp_path.parent / f"{tmp_path.name}\x1b[2J").touch()
    with pytest.raises(SystemExit):
        run_command(InspectConfig, inspect.main)
    error = capsys.readouterr().err
    assert "is a file" in error
    assert error.rstrip("\n").isprintable()


def test_a_byte_order_mark_says_nothing(tiny_root, tmp_path):
    (tmp_path / MANIFEST).write_bytes(b"\xef\xbb\xbf" + (tiny_root / MANIFEST).read_bytes())
    assert read_manifest(tmp_path) == read_manifest(tiny_root)


@pytest.mark.parametrize("foreign", [{}, {"__kind__": "wids-shard-index-v1", "shardlist": []}, {"default": {}}])
def test_another_programs_manifest_is_no_empty_one(tmp_path, foreign):
    (tmp_path / MANIFEST).write_text(json.dumps(foreign))
    with pytest.raises(
        UsageError, match=r"not a manifest of datasets\.prepare: it has neither schema_version nor arms"
    ):
        read_manifest(tmp_path)
