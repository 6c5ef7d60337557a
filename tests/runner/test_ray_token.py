"""Ray's token: kept where this user alone can read it, or refused in a line."""

import re

import pytest

from ablate import storage
from ablate.errors import UsageError
from ablate.runner import ray_token


@pytest.fixture(autouse=True)
def unset(monkeypatch, tmp_path):
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def test_it_is_made_once_and_for_this_user_alone(tmp_path):
    ray_token.ensure()
    path = tmp_path / "home" / ".ray" / "auth_token"
    first = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    ray_token.ensure()
    assert path.read_text() == first
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_to_mend_is_said_where_a_cluster_refuses_the_token_or_there_is_none(monkeypatch):
    assert not ray_token.given()
    assert re.match("and the file .*/auth_token holds none; copy the cluster's there, or", ray_token.wrong())
    ray_token.ensure()
    assert ray_token.given()
    assert re.match("and that of the file .*/auth_token is not it; copy the cluster's there, or", ray_token.wrong())
    monkeypatch.setenv("RAY_AUTH_TOKEN", "some")
    assert ray_token.wrong() == "and that of the variable RAY_AUTH_TOKEN is not it; give the variable the cluster's"


def test_a_home_that_cannot_be_written_is_a_line_with_the_variable_to_set(monkeypatch):
    monkeypatch.setenv("HOME", "/proc")
    with pytest.raises(UsageError, match=r"cannot be kept in /proc/\.ray/auth_token: .*RAY_AUTH_TOKEN_PATH=/tmp/"):
        ray_token.ensure()


def test_without_tokens_no_home_is_needed(monkeypatch):
    monkeypatch.setenv("HOME", "/proc")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    ray_token.ensure()
    assert ray_token.login_hint() == "no token needed"


def test_a_user_without_a_home_is_told_to_name_one(monkeypatch):
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", lambda uid: (_ for _ in ()).throw(KeyError(uid)))
    with pytest.raises(UsageError, match=r"user \d+ has no home, and HOME is not set; .*HOME=/tmp"):
        storage.home()
    monkeypatch.delenv("ABLATE_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    with pytest.raises(UsageError, match="has no home"):
        storage.cache_folder()
