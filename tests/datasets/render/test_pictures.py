"""Synthetic pictures by number: the same bytes in any order, masks that tell the truth, every biome and species."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("mitsuba", reason="mitsuba is not installed: pip install -e '.[render]'")

from datasets.render import biome, framing, place, request_options, scene, scene_rows
from datasets.render.catalogue import DISTRACTORS
from datasets.render.fauna import SPECIES
from datasets.render.noise import generator
from datasets.render.pictures import PER_PLACE, render
from datasets.render.request_options import BOX_AREA
from datasets.render.staging import Request
from datasets.render.weather import KINDS

BIOMES = request_options.biomes()
SIZE = (64, 48)
REQUEST = Request(7, ("rocks", "snow"), ("deer",), SIZE, 1, extras=("amodal", "depth"))


STRIPED = 0  # a seed whose first meadow has a camera with a strip


@pytest.fixture(scope="module", autouse=True)
def _mitsuba():
    scene.start()


@pytest.fixture(scope="module")
def first_place():
    return [render(REQUEST, number) for number in range(PER_PLACE)]


def decoded(content):
    return np.asarray(Image.open(io.BytesIO(content)))


def test_the_known_biomes_are_found():
    assert {"forest", "arid", "meadow", "oak", "conifer", "river", "rocks", "snow", "autumn", "farm", "track"} <= {
        *BIOMES
    }


@pytest.mark.parametrize("name", BIOMES)
def test_a_biome_is_of_known_lights_and_renders(name):
    country = biome.named(name)
    assert set(country.skies) <= set(KINDS)
    assert sum(country.skies.values()) == pytest.approx(1)
    found = render(Request(3, (name,), ("deer",), SIZE, 1), 0)
    assert decoded(found.image).shape == (SIZE[1], SIZE[0], 3)
    assert decoded(found.mask).shape == SIZE[::-1]
    assert found.name == f"{name}_00000_0"
    assert 25 < decoded(found.image).mean() < 235
    scene_rows.checked(found.row)


def test_a_picture_is_the_same_bytes_whatever_was_rendered_before(first_place):
    place.place.cache_clear()
    place.group.cache_clear()
    render(REQUEST, PER_PLACE + 1)  # of the other biome
    assert render(REQUEST, 5) == first_place[5]
    assert render(replace(REQUEST, seed=8), 5).image != first_place[5].image


def test_what_is_seen_is_part_of_the_whole_animal_and_nearer_than_the_sky(first_place):
    for found in first_place:
        visible, whole, depth = decoded(found.mask), decoded(found.extras["amodal"]), decoded(found.extras["depth"])
        assert set(np.unique(visible)) <= {0, SPECIES["deer"].id}
        assert (whole[visible > 0] > 0).all()
        assert depth.dtype == np.uint16
        if found.row["animals"] == 1:
            metres = np.hypot(found.row["distance_m"], found.row["camera_height"] - 0.6)
            assert np.median(depth[visible > 0]) / 100 == pytest.approx(metres, rel=0.15, abs=0.7)
    assert any(decoded(found.mask).any() for found in first_place)


def test_rows_tell_the_boxes_of_the_masks(first_place):
    for found in first_place:
        visible = decoded(found.mask) > 0
        boxes = [one["box"] for one in found.row["herd"]]
        assert found.row["animals"] == len(boxes)
        if boxes:
            low = np.min([box[:2] for box in boxes], 0)
            high = np.max([box[2:] for box in boxes], 0)
            rows, columns = np.flatnonzero(visible.any(1)), np.flatnonzero(visible.any(0))
            assert (low == [columns[0], rows[0]]).all()
            assert (high == [columns[-1] + 1, rows[-1] + 1]).all()


def test_animals_are_as_large_as_they_are_wished():
    def areas(wished):
        rows = [render(replace(REQUEST, box_area=wished), number).row for number in range(2 * PER_PLACE)]
        return [row["box_area"] for row in rows if row["animals"]]

    assert 3 * np.median(areas(0.03)) < np.median(areas(0.5))


def test_nothing_is_seen_below_the_strip_with_the_time():
    request = replace(REQUEST, biomes=("meadow",), seed=STRIPED)
    strip = place.place(STRIPED, "meadow", 0, SIZE[1], True).camera.banner.covered(SIZE[1])
    assert strip.stop > strip.start
    assert not any(decoded(render(request, number).mask)[strip].any() for number in range(PER_PLACE))


def test_distractors_are_added_to_a_place_that_stays_as_it_is():
    bare, full = (place.place(1, "meadow", 0, 48, wanted) for wanted in (False, True))
    assert (bare.distractors, full.distractors > 0) == (0, True)
    assert set(bare.site.spots.values()) < set(full.site.spots.values())
    assert bare.camera == full.camera


@pytest.mark.parametrize("species", SPECIES)
def test_the_mask_carries_the_id_of_the_species(species):
    request = Request(1, ("meadow",), (species,), SIZE, 1)
    found = (render(request, number) for number in range(3 * PER_PLACE))
    one = next(found for found in found if found.row["animals"])
    assert set(np.unique(decoded(one.mask))) == {0, SPECIES[species].id}
    assert one.row["species"] == species


def test_nothing_is_both_a_distractor_and_a_biome_s_own():
    assert not [name for name in BIOMES if set(DISTRACTORS) & set(biome.named(name).growth)]


@pytest.mark.slow
def test_boxes_are_about_as_large_as_they_were_asked_to_be():
    there = place.place(2, "meadow", 0, 192, False)
    rng, shares = generator(2, "test"), []
    for _ in range(60):
        view = framing.camera(rng, there.site, there.camera, (256, 192))
        [figure], view = framing.herd(rng, there, view, ("deer",), 1, BOX_AREA)
        points = figure.mesh(there.site, view.focal).vertices
        low, high = framing._box(points, view)
        shares.append(float(np.prod(high - low)) / (256 * 192))
    low, median, high = np.quantile(shares, [0.05, 0.5, 0.95])
    assert 0.015 < low < 0.09
    assert 0.15 < median < 0.36
    assert high > 0.6
