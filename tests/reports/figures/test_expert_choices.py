import numpy as np

from reports.figures.expert_choices import MOST_IMAGES, expert_heat_maps

EXPERTS = ("expert 1 (rank 2)", "expert 2 (rank 4)", "expert 3 (rank 8)")


def test_the_maps_show_shares_by_layer_and_choices_by_image() -> None:
    chosen = np.eye(3, dtype=bool)[[[0, 2], [0, 2], [1, 2], [0, 2]]]
    chosen[2, 0, 2] = True
    images = ("a.png", "b.png", "c.png", "a-name-that-is-too-long.png")
    left, right = expert_heat_maps(chosen, name="tiny, x2", images=images, experts=EXPERTS).axes
    # Three of four images choose the first expert in the first layer, all the third in the second.
    np.testing.assert_array_equal(left.images[0].get_array(), [[0.75, 0.25, 0.25], [0, 0, 1]])
    assert [text.get_text() for text in left.texts[:6]] == [
        "75 %", "25 %", "25 %", "0 %", "0 %", "100 %",
    ]  # fmt: skip
    assert [label.get_text() for label in left.get_xticklabels()] == [
        "expert 1\n(rank 2)", "expert 2\n(rank 4)", "expert 3\n(rank 8)",
    ]  # fmt: skip
    assert [text.get_text() for text in right.texts[:8]] == [
        "1",
        "3",
        "1",
        "3",
        "2, 3",
        "3",
        "1",
        "3",
    ]
    assert right.get_yticklabels()[3].get_text() == "a-name-that-is-to…"
    assert "tiny, x2" in left.texts[-1].get_text()


def test_of_many_images_the_first_are_shown_and_all_counted() -> None:
    chosen = np.zeros((100, 1, 2), dtype=bool)
    chosen[:MOST_IMAGES, 0, 0] = True
    chosen[MOST_IMAGES:, 0, 1] = True
    images = [str(number) for number in range(100)]
    left, right = expert_heat_maps(chosen, name="tiny", images=images, experts=EXPERTS[:2]).axes
    share = MOST_IMAGES / 100
    np.testing.assert_allclose(left.images[0].get_array(), [[share, 1 - share]])
    assert len(right.images[0].get_array()) == MOST_IMAGES
    assert f"the first {MOST_IMAGES} of 100" in right.texts[-1].get_text().replace("\n", " ")
