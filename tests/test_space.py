from ablate.plan import load_space
from ablate.space import pairs, pinned, product


def test_the_papers_grid_has_fifteen_cells_and_no_jittered_full():
    space = load_space("paper_grid")
    assert len(space) == 15
    assert {(trial["arm"], trial["augment"]) for trial in space.trials} == {
        ("full", "none"),
        ("crop", "none"),
        ("i2i", "none"),
        ("crop", "jitter"),
        ("i2i", "jitter"),
    }
    assert {trial["model"] for trial in space.trials} == {"unet", "unet_resnet50", "segnet"}


def test_union_keeps_order_and_drops_duplicates():
    one, two = product(seed=[0, 1]), product(seed=[1, 2])
    assert [trial["seed"] for trial in (one + two).trials] == [0, 1, 2]
    assert (one + one) == one


def test_product_varies_the_last_axis_fastest_and_later_layers_win():
    space = pinned(epochs=5) * product(model=["a", "b"]) * pairs(("arm", "epochs"), [("x", 1), ("y", 2)])
    assert [(trial["model"], trial["arm"], trial["epochs"]) for trial in space.trials] == [
        ("a", "x", 1),
        ("a", "y", 2),
        ("b", "x", 1),
        ("b", "y", 2),
    ]
