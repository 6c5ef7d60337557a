"""The animals with a detailed body: individuals, poses, bodies and fur."""

import numpy as np
import pytest

pytest.importorskip("mitsuba", reason="mitsuba is not installed: pip install -e '.[render]'")

from ablate.errors import UsageError
from datasets.render import fauna, fur
from datasets.render.body import body
from datasets.render.pose import POSES, any_pose, named_pose
from datasets.render.skeleton import AXES, joints

COARSE = 0.035


def one(species, seed=0):
    return fauna.individual(np.random.default_rng(seed), species)


def bearing(build, pose):
    ahead = joints(build, pose)["ahead"]
    return np.arctan2(ahead[1], ahead[0])


def test_mask_ids_differ_and_are_visible_greys():
    ids = [species.id for species in fauna.SPECIES.values()]
    assert len(set(ids)) == len(ids) == 9
    assert min(ids) >= 128
    assert max(ids) == fauna.SPECIES["deer"].id == 255


def test_an_unknown_species_is_named_with_the_known_ones():
    with pytest.raises(UsageError, match="no species 'dodo'; there are deer, elk"):
        one("dodo")


def test_deer_are_of_every_sex_and_coat_and_only_males_carry_antlers():
    herd = [one("deer", seed) for seed in range(80)]
    assert {deer.sex for deer in herd} == set(fauna.SEXES)
    assert {deer.coat for deer in herd} == set(fauna.COATS)
    assert {deer.sex for deer in herd if deer.build.antlers} == {"male"}
    assert any(deer.sex == "male" and not deer.build.antlers for deer in herd)


def test_deer_are_tan_not_orange():
    colours = np.array([one("deer", seed).build.coat.body for seed in range(60)]) / fauna.UNDER_BLUE_SKY
    green, blue = np.median(colours[:, 1:] / colours[:, :1], axis=0)
    assert 0.82 < green < 0.90
    assert 0.62 < blue < 0.75


@pytest.mark.parametrize("species", fauna.SPECIES)
def test_a_body_stands_on_the_ground_with_the_size_of_its_species(species):
    animal = one(species)
    pose = named_pose(np.random.default_rng(1), "standing")
    mesh = body(animal.build, pose, np.random.default_rng(2), COARSE)
    height = animal.build.shoulder
    assert -0.03 * height < mesh.vertices[:, 2].min() < 0.03 * height
    assert mesh.vertices[:, 2].max() > 0.9 * height
    assert 0.15 * height < np.ptp(mesh.vertices[:, 1]) < np.ptp(mesh.vertices[:, 0])
    centre = mesh.vertices.mean(0)
    assert ((mesh.vertices - centre) * mesh.normals).sum(1).mean() > 0  # normals point outward


@pytest.mark.parametrize("name", [*POSES, "facing"])
def test_no_joint_is_below_the_ground_in_any_pose(name):
    for seed in range(12):
        for species in ("deer", "fox", "boar", "cow"):
            pose = named_pose(np.random.default_rng(seed), name, look=1.0)
            found = joints(one(species, seed).build, pose)
            lowest = min(float(np.min(place[..., 2])) for key, place in found.items() if key not in AXES)
            assert lowest > 0.0


@pytest.mark.parametrize("look", [-1.9, -0.7, 0.0, 1.2, 2.0, 2 * np.pi - 0.5])
def test_a_facing_animal_turns_its_head_to_the_camera(look):
    pose = named_pose(np.random.default_rng(3), "facing", look)
    off = (bearing(one("deer").build, pose) - look + np.pi) % (2 * np.pi) - np.pi
    assert abs(off) < 0.45


def test_facing_is_drawn_only_where_the_camera_is_known():
    rng = np.random.default_rng(0)
    assert "facing" not in {any_pose(rng, "deer")[1] for _ in range(200)}
    assert "facing" in {any_pose(rng, "deer", look=0.5)[1] for _ in range(200)}


def test_fur_is_the_same_for_the_same_seed_and_thins_out_with_distance():
    animal = one("deer")
    pose = named_pose(np.random.default_rng(1), "walking")
    near, again, far = (
        fur.furred(animal, pose, np.random.default_rng(5), pixel * animal.build.shoulder)
        for pixel in (1 / 60, 1 / 60, 1 / 10)
    )
    assert np.array_equal(near.vertices, again.vertices)
    assert np.array_equal(near.colours, again.colours)
    grids = (1.4 / 60, 0.026)  # the body is coarser when it is far away, up to a limit
    bare = [body(animal.build, pose, np.random.default_rng(5), step) for step in grids]
    hairs = [len(mesh.faces) - len(skin.faces) for mesh, skin in zip((near, far), bare, strict=True)]
    assert hairs[1] > 0
    assert fur.MOST_HAIRS > hairs[0] > 5 * hairs[1]


def test_hairs_lie_close_to_the_skin_and_take_its_colour():
    animal = one("cow")
    pelt = body(animal.build, named_pose(np.random.default_rng(1), "standing"), np.random.default_rng(2), COARSE)
    mesh = fur.coat(pelt, np.random.default_rng(3), hair=0.03, pixel=0.02)
    hairs = mesh.vertices[len(pelt.vertices) :]
    assert len(hairs) > 300
    assert np.all(hairs.max(0) < pelt.vertices.max(0) + 0.15)
    torso = pelt.colours[pelt.length > 0.9]
    coloured = mesh.colours[len(pelt.vertices) :]
    assert np.allclose(np.median(coloured, axis=0), np.median(torso, axis=0), atol=0.12)
