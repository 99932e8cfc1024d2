"""The published network is the published one, and a cut backbone is the whole backbone."""

from typing import get_args

import keras
import numpy as np
import pytest

from wastelib.errors import WasteError
from wastelib.models.backbones import (
    BACKBONES,
    Weights,
    backbone_names,
    build_backbone,
    find_weights,
    preprocess,
)
from wastelib.models.custom import CUSTOM, published_cnn
from wastelib.models.layers import layer_rows, stage_rows
from wastelib.models.pretrained import cut_layer, join, split_backbone, start_from
from wastelib.models.residual import SIZES
from wastelib.settings import CustomCNN

SMALL = "MobileNetV2-0.35"


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3)).astype(np.float32)


def untrained(name=SMALL, size=32):
    keras.utils.set_random_seed(1)
    return build_backbone(name, size, None)


def test_published_network_has_the_published_number_of_parameters():
    model = published_cnn(256, 9)
    assert model.count_params() == 33_583_177
    assert sum(row["parameters"] for row in layer_rows(model)) == 33_583_177


@pytest.mark.parametrize(
    ("name", "below"),
    [("residual_s", 100_000), ("residual_m", 500_000), ("residual_l", 1_500_000)],
)
def test_a_residual_network_keeps_to_its_size_whatever_the_images_are(name, below):
    counts = {CUSTOM[name](size, 9).count_params() for size in (32, 101, 256)}
    assert len(counts) == 1
    assert below / 2 < counts.pop() < below


@pytest.mark.parametrize("name", ["residual_s", "residual_m", "residual_l"])
def test_residual_networks_are_made_of_layers_that_every_converter_knows(name):
    allowed = {"Rescaling", "Conv2D", "BatchNormalization", "ReLU", "Add", "AveragePooling2D"}
    allowed |= {"GlobalAveragePooling2D", "Dense"}
    net = CUSTOM[name](64, 5)
    assert {row["type"] for row in layer_rows(net)} <= allowed
    for layer in net.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            (node,) = layer._inbound_nodes  # it follows a convolution, and merges into it
            assert isinstance(node.parent_nodes[0].operation, keras.layers.Conv2D)


def test_a_residual_network_takes_pixels_as_they_are_and_gives_float32_probabilities(pixels):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        net = CUSTOM["residual_s"](32, 5)
    finally:
        keras.config.set_dtype_policy("float32")
    found = keras.ops.convert_to_numpy(net(pixels))
    assert net.get_layer("stem_conv").compute_dtype == "bfloat16"
    assert found.dtype == np.float32
    assert found.shape == (3, 5)
    assert np.allclose(found.sum(axis=1), 1, atol=1e-6)
    assert np.allclose(found, net(pixels.astype(np.uint8)), atol=1e-3)


def test_notebook_02_offers_every_residual_network():
    offered = get_args(CustomCNN.model_fields["residual"].annotation)
    assert set(offered) == {"", *SIZES}


def test_a_residual_block_begins_as_the_way_around_it():
    net = CUSTOM["residual_s"](32, 5)
    added = net.get_layer("stage1_block1_add")
    both = keras.Model(net.input, [*added.input, added.output])
    around, block, out = both(np.full((1, 32, 32, 3), 9.0, np.float32))
    assert np.array_equal(out, around)
    assert not np.any(block)


def test_layer_rows_follow_the_network():
    rows = layer_rows(published_cnn(64, 5))
    assert [row["name"] for row in rows][:3] == ["scale", "conv1", "norm1"]
    assert rows[-1]["output_shape"] == (5,)


@pytest.mark.parametrize("name", BACKBONES)
def test_every_backbone_of_the_table_can_be_built_and_preprocessed(name):
    row = BACKBONES[name]
    module = __import__(f"keras.applications.{row.module}", fromlist=["preprocess_input"])
    assert hasattr(keras.applications, row.application)
    image = np.full((1, 2, 2, 3), 255.0)
    assert np.array_equal(preprocess(name, image.copy()), module.preprocess_input(image.copy()))


def test_the_table_has_every_convolutional_network_of_keras():
    functions = {name for name in dir(keras.applications) if name[0].isupper()}
    assert {row.application for row in BACKBONES.values()} == functions


# One of each family that is built unlike the others, and is not too large for a test.
@pytest.mark.parametrize("name", ["MobileNetV3Small", "EfficientNetV2B0", "ConvNeXtTiny"])
def test_a_cut_and_stored_backbone_is_the_whole_one_and_as_large_as_the_table_says(name, tmp_path):
    backbone = untrained(name)
    assert backbone.count_params() == BACKBONES[name].parameters
    image = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3)).astype(np.float32)
    pooled = backbone.predict(preprocess(name, image.copy()), verbose=0).mean(axis=(1, 2))
    trunk, net = split_backbone(name, backbone, head_units=8, classes=3, unfrozen_layers=5)
    expected = net.get_layer("classes")(net.get_layer("head")(pooled))
    whole = join(trunk, net)
    whole.save(tmp_path / "model.keras")
    stored = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    for model in (whole, stored):
        assert np.allclose(model.predict(image, verbose=0), expected, atol=1e-5)


def test_efficientnet_from_a_file_is_what_keras_makes_of_its_own_download(tmp_path, monkeypatch):
    name, image = "EfficientNetB0", np.full((1, 32, 32, 3), [250.0, 100.0, 20.0], np.float32)
    source = untrained(name)
    scale = next(x for x in source.layers if isinstance(x, keras.layers.Normalization))
    scale.set_weights([np.array([0.48, 0.45, 0.4]), np.array([0.2, 0.3, 0.1]), np.array(0)])
    file = tmp_path / "efficientnetb0_notop.weights.h5"
    source.save_weights(file)
    ours = build_backbone(name, 32, Weights("sha256:x", file))
    monkeypatch.setattr("keras.src.utils.file_utils.get_file", lambda *_, **__: str(file))
    downloaded = build_backbone(name, 32, Weights("imagenet", None))
    as_file, as_downloaded, as_built = (
        keras.Model(model.input, model.get_layer("stem_conv").output).predict(image, verbose=0)
        for model in (ours, downloaded, source)
    )
    assert as_file == pytest.approx(as_downloaded, rel=1e-4, abs=1e-5)
    assert as_built != pytest.approx(as_downloaded, rel=0.1)


@pytest.mark.parametrize("unfrozen", [0, 1, 5, 20, 200])
def test_trunk_and_net_together_are_the_backbone_with_a_head(pixels, unfrozen):
    backbone = untrained()
    trunk, net = split_backbone(SMALL, backbone, head_units=8, classes=3, unfrozen_layers=unfrozen)
    pooled = backbone.predict(preprocess(SMALL, pixels.copy()), verbose=0).mean(axis=(1, 2))
    head, last = net.get_layer("head"), net.get_layer("classes")
    expected = keras.ops.convert_to_numpy(last(head(pooled)))
    assert np.allclose(join(trunk, net).predict(pixels, verbose=0), expected, atol=1e-5)


@pytest.mark.parametrize("name", ["DenseNet121", "ResNet50", "VGG16"])
def test_a_cut_goes_through_a_single_tensor_below_the_unfrozen_layers(name):
    backbone = untrained(name)
    cut = cut_layer(backbone, 5)
    place = backbone.layers.index(cut)
    assert place < len(backbone.layers) - 5
    upper = keras.Model(cut.output, backbone.output)  # Keras refuses a cut that misses a path
    assert {layer.name for layer in backbone.layers[-5:]} <= {layer.name for layer in upper.layers}


def test_unfreezing_trains_the_top_layers_but_no_batch_normalisation():
    backbone = untrained()
    top = {layer.name for layer in backbone.layers[-20:]}
    trunk, net = split_backbone(SMALL, backbone, head_units=8, classes=3, unfrozen_layers=20)
    trained = {row["name"]: row["type"] for row in layer_rows(net) if row["trainable"]}
    assert set(trained) - {"head", "classes"} <= top
    assert "BatchNormalization" not in trained.values()
    assert not trunk.trainable_weights


def test_batch_statistics_do_not_move_while_fine_tuning(pixels):
    trunk, net = split_backbone(SMALL, untrained(), head_units=8, classes=3, unfrozen_layers=20)
    features = trunk.predict(pixels, verbose=0)
    norms = [
        layer
        for layer in net.get_layer("upper").layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    before = [layer.get_weights() for layer in norms]
    net.compile("sgd", "sparse_categorical_crossentropy")
    net.fit(features, np.arange(3), verbose=0)
    after = [layer.get_weights() for layer in norms]
    assert norms
    assert all(
        np.array_equal(a, b)
        for x, y in zip(before, after, strict=True)
        for a, b in zip(x, y, strict=True)
    )


def test_fine_tuning_starts_with_the_answers_of_the_frozen_model(pixels):
    backbone = untrained()
    frozen = join(*split_backbone(SMALL, backbone, head_units=8, classes=3, unfrozen_layers=0))
    tuned = join(*split_backbone(SMALL, untrained(), head_units=8, classes=3, unfrozen_layers=20))
    start_from(tuned, frozen)
    expected = frozen.predict(pixels, verbose=0)
    assert np.allclose(tuned.predict(pixels, verbose=0), expected, atol=1e-5)


@pytest.mark.parametrize(("name", "size"), [(SMALL, 32), ("InceptionV3", 75)])
def test_each_round_of_fine_tuning_goes_on_from_the_last(name, size, tmp_path):
    """Layers that Keras numbers, as InceptionV3's, have other numbers in every model."""
    image = np.random.default_rng(0).integers(0, 256, (1, size, size, 3)).astype(np.float32)
    parts = split_backbone(name, untrained(name, size), head_units=8, classes=3, unfrozen_layers=10)
    for weight in parts[1].trainable_weights:
        weight.assign(weight * 1.1 + 0.01)  # as training would have
    first = join(*parts)
    first.save(tmp_path / "model.keras")
    second = join(
        *split_backbone(name, untrained(name, size), head_units=8, classes=3, unfrozen_layers=30)
    )
    start_from(second, keras.saving.load_model(tmp_path / "model.keras", compile=False))
    assert np.allclose(second.predict(image, verbose=0), first.predict(image, verbose=0), atol=1e-5)


@pytest.mark.parametrize("name", [SMALL, "ResNet50"])
def test_a_saved_model_takes_raw_pixels_and_answers_the_same(name, pixels, tmp_path):
    parts = split_backbone(name, untrained(name), head_units=8, classes=3, unfrozen_layers=5)
    model = join(*parts)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.allclose(loaded.predict(pixels, verbose=0), model.predict(pixels, verbose=0))


@pytest.mark.parametrize(
    ("name", "sides"),
    [
        ("ResNet50", [48, 24, 12, 6, 3]),
        ("MobileNetV3Small", [96, 48, 24, 12, 6, 3]),  # blocks squeeze maps to one value
        ("ConvNeXtTiny", [96, 24, 12, 6, 3]),  # models inside the model
    ],
)
def test_a_backbone_s_stages_are_its_resolutions_and_hold_every_layer_once(name, sides):
    backbone = untrained(name, 96)
    assert [row["stage"] for row in stage_rows(backbone)] == [f"{x} x {x}" for x in sides]
    assert sum(row["parameters"] for row in stage_rows(backbone)) == backbone.count_params()


def test_weights_of_the_demo_are_there_and_fit():
    found = find_weights("demo", SMALL, 96)
    assert build_backbone(SMALL, 96, found).count_params() == 410_208


def test_missing_weights_name_the_file_that_is_expected(tmp_path):
    with pytest.raises(WasteError, match=r"expected a file named resnet50_weights.*\n.*where"):
        find_weights(str(tmp_path), "ResNet50", 224)


def test_weights_of_another_network_are_refused(tmp_path):
    file = tmp_path / "x.weights.h5"
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]).save_weights(file)
    with pytest.raises(WasteError, match=f"do not fit {SMALL}"):
        build_backbone(SMALL, 32, Weights("x", file))


@pytest.mark.parametrize("text", ["", "  ", "MobileNetV2, Mobilenet"])
def test_unknown_backbones_are_refused_with_the_known_ones(text):
    with pytest.raises(WasteError, match=r"choose from: .*, InceptionResNetV2, "):
        backbone_names(text)


def test_an_image_too_small_for_a_backbone_is_refused():
    with pytest.raises(WasteError, match="at least 75 px, not 64"):
        build_backbone("InceptionV3", 64, None)
