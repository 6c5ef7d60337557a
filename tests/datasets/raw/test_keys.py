import itertools
import re

from datasets.raw.keys import generator, sample_key, share

AWKWARD = ["a.b", "a/b", "a_b", "a b", "..", "", "_a", "ä", "x" * 200, "x" * 201, "S1/B04/R1_PICT0003", "\n", "-"]


def test_a_plain_name_is_its_own_key():
    for name in ("s000", "58a1c8f0-23d2-11e8-a6a3-ec086b02610b", "0001_left"):
        assert sample_key(name) == name


def test_keys_are_safe_in_a_tar_and_different_names_have_different_keys():
    keys = [sample_key(name) for name in AWKWARD]
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", key) for key in keys)


def test_shares_are_uniform_and_depend_on_the_seed():
    shares = [share(0, f"image{index}") for index in range(10_000)]
    assert all(0 <= drawn < 1 for drawn in shares)
    assert 0.09 < sum(drawn < 0.1 for drawn in shares) / len(shares) < 0.11
    assert share(1, "image0") != shares[0]


def test_a_samples_randomness_depends_on_seed_and_key_alone():
    drawn = {(seed, key): generator(seed, key).random() for seed, key in itertools.product((0, 1), ("a", "b"))}
    assert len(set(drawn.values())) == 4
    assert drawn[0, "a"] == generator(0, "a").random()
