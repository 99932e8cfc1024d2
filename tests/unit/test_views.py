"""What a network is shown: colours, greys, or edges, of training and new photographs alike."""

import numpy as np
import pytest
from small_trials import fitted, predicted_again, stored, trial_of

from wastelib.data.views import view_of


@pytest.fixture
def square():
    """A light square on dark ground."""
    rgb = np.full((32, 32, 3), 20, np.uint8)
    rgb[8:24, 8:24] = (200, 90, 220)
    return rgb


def test_colour_is_the_image_itself(square):
    assert view_of(square, "colour") is square


@pytest.mark.parametrize("view", ["grey", "edges"])
def test_other_views_have_three_equal_channels_of_the_same_shape(square, view):
    seen = view_of(square, view)
    assert (seen.shape, seen.dtype) == (square.shape, np.uint8)
    assert (seen == seen[..., :1]).all()
    assert seen.std() > 0


def test_edges_are_where_the_shade_changes(square):
    edges = view_of(square, "edges")[..., 0] > 0
    assert edges[7:9, 12:20].any(axis=0).all()
    assert not edges[12:20, 12:20].any()
    assert not edges[:5].any()


def test_an_unknown_view_is_refused(square):
    with pytest.raises(ValueError, match="no view 'sepia'"):
        view_of(square, "sepia")


def test_each_view_has_a_cache_of_its_own(prepare_small):
    from wastelib.data.batches import decoded

    dataset = prepare_small()
    colour, grey = decoded(dataset, 16)[3], decoded(dataset, 16, "grey")[3]
    assert np.array_equal(grey, view_of(colour, "grey"))
    assert not np.array_equal(grey, colour)


def test_new_photographs_are_shown_as_the_training_images_were(prepare_small):

    dataset = prepare_small()
    trial = trial_of(dataset, view="edges", epochs=1)
    run = fitted(trial, dataset)
    assert predicted_again(run, dataset) == pytest.approx(stored(run), abs=1e-5)
