import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.storage import urls


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("http://user:geheim@host:80/a/b/", "http://host:80/a/b"),
        ("https://host/a?sv=1&sig=geheim#geheim", "https://host/a"),
        (
            "s3://key:geheim@bucket/a?region=x&endpoint_override=http://h:1",
            "s3://bucket/a?region=x&endpoint_override=http://h:1",
        ),
        ("gs://anonymous@bucket/a", "gs://anonymous@bucket/a"),
        ("http://host/a@b", "http://host/a@b"),
        ("a/folder?with=this", "a/folder?with=this"),
        ("http://user:ge@heim@host", "http://host"),
    ],
)
def test_what_is_secret_is_left_out(url, public):
    assert urls.without_credentials(url) == public


@given(st.text(max_size=30), st.sampled_from(["s3", "http", "gs", "x"]))
def test_what_is_public_stays_as_it_is(text, scheme):
    public = urls.without_credentials(f"{scheme}://{text}")
    assert urls.without_credentials(public) == public
    assert not urls.has_credentials(public)


def test_names_are_appended_before_a_signature():
    assert urls.join("https://h/a/?sig=1", "crop/x y.tar") == "https://h/a/crop/x%20y.tar?sig=1"
    assert urls.join("s3://bucket/a?region=x", "m.json") == "s3://bucket/a/m.json?region=x"
    assert urls.join("s3://bucket", "m.json") == "s3://bucket/m.json"


def test_credentials_are_found_again_for_their_own_url_alone(monkeypatch):
    monkeypatch.setenv(urls.CREDENTIALS, "")
    full = "http://user:geheim@host/a?sig=1"
    assert urls.remember(full) == "http://host/a"
    assert urls.with_credentials("http://host/a") == full
    assert urls.with_credentials("http://host/b") == "http://host/b"
