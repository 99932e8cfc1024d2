"""An exported file answers as its run does, says what it is, and needs no TensorFlow to run."""

import json
import subprocess
import sys
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from small_trials import fitted, prepared_small, trial_of

from wastelib.errors import WasteError
from wastelib.evaluation.calibration import fit_temperature
from wastelib.evaluation.exports import (
    file_table,
    temperature_of,
    validation_answers,
)
from wastelib.evaluation.metrics import evaluate
from wastelib.export import convert as convert_module
from wastelib.export import write
from wastelib.export.card import Card, card_file, read_card, write_card
from wastelib.export.convert import _pixels, convert, in_float32
from wastelib.export.exported import open_exported
from wastelib.export.measure import file_cost, file_predictions
from wastelib.export.runtimes import _dequantized, open_litert
from wastelib.export.write import FORMATS, export_run
from wastelib.files import sha256_of
from wastelib.models.temperature import tempered
from wastelib.training.machine import cores
from wastelib.training.predict import predict_images

TEMPERATURE = 1.5

# By how much a probability of the small network may differ from the run's. One step of an int8
# probability is 1/256.
TOLERANCE = {"litert-float32": 1e-5, "litert-float16": 2e-3, "litert-int8": 0.04, "onnx": 1e-5}


def convert_here(orders):
    """Much sooner than in a process of its own."""
    for order in orders:
        convert(Path(order["run"]), order["files"], order["calibration"])


@pytest.fixture(scope="module")
def made(small_folder, tmp_path_factory):
    """A run trained in bfloat16 until it is sure of something, and its files in all formats."""

    build = tmp_path_factory.mktemp("build")
    dataset = prepared_small(small_folder, build)
    trial = trial_of(dataset, precision="bfloat16", epochs=15, batch_size=4)
    run = fitted(trial, dataset)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "_convert", convert_here)
        files = export_run(run, dataset, into=build / "exports", temperature=TEMPERATURE)
    return SimpleNamespace(run=run, dataset=dataset, files=files)


def probabilities(table, run) -> np.ndarray:
    return table[[f"p_{name}" for name in run.classes]].to_numpy()


def answers(made, name):
    table = file_predictions(made.files[name], made.run.predictions, made.dataset.root)
    return probabilities(table, made.run)


def in_float32_by_keras(made) -> np.ndarray:
    """What the run's model says of its validation images if Keras computes it in float32."""
    from wastelib.data.batches import decoded

    rows = made.dataset.split(made.run.trial.split).rows("validation")
    pixels = decoded(made.dataset, made.run.trial.image_size, made.run.trial.view)[rows]
    return in_float32(made.run.load_model()).predict_on_batch(pixels)


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_gives_the_probabilities_of_its_model(made, name):
    """To the last digits that its weights have; see `TOLERANCE`."""
    assert np.abs(answers(made, name) - in_float32_by_keras(made)).max() < TOLERANCE[name]


def test_int8_agrees_with_float32(made):
    """Within ten steps of 1/256, while the probabilities vary much more between images."""
    exact = answers(made, "litert-float32")
    assert np.abs(answers(made, "litert-int8") - exact).max() < 0.04
    assert np.ptp(exact, axis=0).max() > 0.2


def test_int8_and_float16_are_smaller(made):
    sizes = {name: file.stat().st_size for name, file in made.files.items()}
    assert sizes["litert-int8"] < 0.3 * sizes["litert-float32"]
    assert sizes["litert-float16"] < 0.55 * sizes["litert-float32"]


def test_a_file_without_what_only_the_converter_needs_says_the_same(made, tmp_path, monkeypatch):
    """And its tensors begin where kernels can read them."""
    from ai_edge_litert.schema_py_generated import Model

    monkeypatch.setattr(convert_module, "compact", lambda content: content)
    with_all = tmp_path / "int8.tflite"
    order = made.run.folder, {"litert-int8": str(with_all)}
    convert(*order, write._calibration_images(made.run, made.dataset))
    file = made.files["litert-int8"]
    assert file.stat().st_size < 0.99 * with_all.stat().st_size
    image = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 3), np.uint8)
    one, other = (open_litert(path, 1).ask(image) for path in (file, with_all))
    assert np.array_equal(one, other)
    content = np.fromfile(file, np.uint8)
    model = Model.GetRootAs(content, 0)
    tensors = [model.Buffers(number) for number in range(model.BuffersLength())]
    starts = [t.DataAsNumpy().ctypes.data - content.ctypes.data for t in tensors if t.DataLength()]
    assert len(starts) > 5
    assert not any(start % 16 for start in starts)


def test_only_int8_computes_in_int8_and_nothing_in_bfloat16(made):
    from ai_edge_litert.interpreter import Interpreter

    kinds = {}
    for name in FORMATS[:3]:
        details = Interpreter(str(made.files[name])).get_tensor_details()
        kinds[name] = {np.dtype(tensor["dtype"]).name for tensor in details}
    assert kinds["litert-float32"] <= {"float32", "uint8", "int32"}
    assert "float16" in kinds["litert-float16"]
    assert kinds["litert-int8"] <= {"int8", "uint8", "int32"}


def test_the_card_says_what_the_file_does_not(made):
    for name, file in made.files.items():
        assert file.name.startswith(f"{made.run.hash}-{name}.")
        assert read_card(file) == Card(
            classes=tuple(made.run.classes),
            image_size=16,
            view="colour",
            temperature=TEMPERATURE,
            trial=made.run.hash,
            format=name,
            sha256=sha256_of(file),
        )


def test_a_files_table_is_scored_as_a_runs_is(made):
    table = file_predictions(made.files["onnx"], made.run.predictions, made.dataset.root)
    stored = made.run.predictions
    assert table.columns.tolist() == stored.columns.tolist()
    assert table["image"].tolist() == stored["image"].tolist()
    assert evaluate(table, "validation").images == len(stored)
    assert fit_temperature(table) > 0


def test_photographs_are_answered_calibrated(made):
    paths = [made.dataset.root / image for image in made.run.predictions["image"]]
    found = [a.probabilities for a in predict_images(paths, open_exported(made.files["onnx"]))]
    assert np.allclose(found, tempered(answers(made, "onnx"), TEMPERATURE))


def test_probabilities_of_eight_bits_are_never_quite_nought():
    """So that a temperature, and a logarithm, have something to work on."""
    found = _dequantized(np.uint8([0, 0, 26, 230]), (1 / 256, 0))
    assert np.allclose(found * 256, [0.25, 0.25, 26, 230])
    assert np.allclose(_dequantized(np.int8([-128, 127]), (1 / 256, -128)) * 256, [0.5, 255])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": ("Blue", "Green")}, "names 3 classes; its card .* and 2 classes"),
        ({"image_size": 32}, "takes uint8 1 x 16 x 16 x 3 .* says uint8 1 x 32 x 32 x 3"),
    ],
)
@pytest.mark.parametrize("name", ["litert-int8", "onnx"])
def test_a_card_that_does_not_fit_the_model_is_refused(made, tmp_path, name, changes, message):
    file = copied(made.files[name], tmp_path)
    old = read_card(file)
    write_card(file, Card(**old.__dict__ | changes))
    with pytest.raises(WasteError, match=message):
        open_exported(file)


@pytest.mark.parametrize(("name", "kind"), [("litert-float32", "LiteRT"), ("onnx", "ONNX")])
def test_a_file_of_another_kind_is_refused(made, tmp_path, name, kind):
    file = copied(made.files[name], tmp_path)
    file.write_bytes(b"PK\x03\x04 no model" * 100)
    card = Card(**read_card(made.files[name]).__dict__ | {"sha256": sha256_of(file)})
    write_card(file, card)
    with pytest.raises(WasteError, match=f"cannot be opened as {kind}"):
        open_exported(file)


def test_images_of_other_classes_are_refused(made):
    images = made.run.predictions.replace({"label": {"Red": "Crimson"}})
    with pytest.raises(WasteError, match="classes 'Crimson'; its own are 'Blue', 'Green', 'Red'"):
        file_predictions(made.files["onnx"], images, made.dataset.root)


def copied(file: Path, folder: Path) -> Path:
    for one in (file, card_file(file)):
        (folder / one.name).write_bytes(one.read_bytes())
    return folder / file.name


def test_ranges_are_read_off_training_images_only(made):
    split = made.dataset.split(made.run.trial.split)
    training = {
        str(made.dataset.root / made.dataset.catalogue["path"][row]) for row in split.rows("train")
    }
    chosen = write._calibration_images(made.run, made.dataset)
    assert set(chosen) == training  # there are fewer than it would take
    assert chosen == write._calibration_images(made.run, made.dataset)


def test_ranges_are_read_off_what_the_model_is_shown(made):
    """In the trial's view, and from 0 to 255 whatever is on the photographs."""
    trial = made.run.trial.model_copy(update={"view": "grey"})
    first, second = islice(_pixels(write._calibration_images(made.run, made.dataset), trial), 2)
    assert (first.shape, first.dtype) == ((1, 16, 16, 3), np.float32)
    assert (first.min(), first.max()) == (0, 255)
    assert second.max() < 255
    assert (second == second[..., :1]).all()


def test_what_was_fine_tuned_in_bfloat16_is_computed_in_float32():
    """Models inside models too: their inputs have a type of their own."""
    from wastelib.models.backbones import build_backbone
    from wastelib.models.pretrained import join, split_backbone
    from wastelib.training.fit import computing_in

    def model():
        name = "MobileNetV2-0.35"
        backbone = build_backbone(name, 32, None)
        options = {"head_units": 8, "classes": 3, "unfrozen_layers": 20}
        return join(*split_backbone(name, backbone, **options))

    with computing_in("bfloat16"):
        trained = model()
    plain = model()
    plain.set_weights(trained.get_weights())
    exported = in_float32(trained)
    assert trained.get_layer("net").get_layer("upper").compute_dtype == "bfloat16"
    assert {layer.compute_dtype for layer in exported._flatten_layers()} == {"float32"}
    pixels = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype(np.float32)
    assert np.allclose(exported.predict_on_batch(pixels), plain.predict_on_batch(pixels), atol=1e-6)


def test_predict_with_a_file_needs_neither_tensorflow_nor_tables(made):
    names = ("tensorflow", "keras", "pandas", "sklearn", "scipy", "matplotlib", "onnxruntime")
    photographs = made.dataset.root / "Red"
    words = ["wastelib", "predict", f"--model={made.files['litert-int8']}", str(photographs)]
    code = (
        f"import sys; sys.argv = {words!r}\n"
        "from wastelib.cli import main\n"
        f"try:\n    main()\nfinally:\n    print([m for m in {names!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 12 + 1
    assert done.stdout.endswith("[]\n")


def test_predict_reads_names_from_standard_input_and_goes_on_after_a_bad_one(made, tmp_path):
    good = next((made.dataset.root / "Red").iterdir())
    odd = bytes(tmp_path) + b"/\xff\r .png"
    Path(tmp_path / "corrupt.png").write_bytes(good.read_bytes()[:300])
    with open(odd, "wb") as file:
        file.write(good.read_bytes())
    command = [sys.executable, "-m", "wastelib", "predict", "-", "--format=json"]
    done = subprocess.run(
        [*command, f"--model={made.files['litert-float32']}"],
        input=b"\n".join([bytes(tmp_path / "corrupt.png"), odd, bytes(good)]),
        capture_output=True,
    )
    assert done.returncode == 1
    assert done.stderr.decode().startswith(f"error: {tmp_path}/corrupt.png: cannot be decoded")
    assert done.stderr.count(b"\n") == 1
    first, second = map(json.loads, done.stdout.splitlines())
    assert first["image"].encode(errors="surrogateescape") == odd
    assert second["image"] == str(good)
    assert first["probabilities"] == second["probabilities"]


def test_export_has_a_process_of_its_own_and_writes_the_same_file(made, tmp_path):
    files = export_run(
        made.run, made.dataset, ["litert-int8"], into=tmp_path, temperature=TEMPERATURE
    )
    assert files["litert-int8"].read_bytes() == made.files["litert-int8"].read_bytes()
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".tflite"]


def test_the_cost_is_that_of_a_process_that_only_runs_the_file(made):
    cost = file_cost(made.files["litert-int8"], 1, times=3)
    assert cost["milliseconds"] > 0
    assert cost["runtime_bytes"] < cost["peak_bytes"] < 300e6  # TensorFlow alone takes more


def test_more_threads_than_cores_are_not_measured(made):
    with pytest.raises(ValueError, match="there are not"):
        file_cost(made.files["litert-int8"], cores() + 1)


def test_the_table_has_a_row_per_file_and_says_how_it_agrees_with_the_run(made, monkeypatch):
    from wastelib.evaluation import exports
    from wastelib.training.run import declare

    def cost(file, threads):
        return {"milliseconds": 6.0 / threads, "peak_bytes": 5, "runtime_bytes": 2}

    monkeypatch.setattr(exports, "file_cost", cost)
    monkeypatch.setattr(exports, "cores", lambda: 2)
    runs, files = {"Small": made.run}, {"Small": made.files}
    declare(made.dataset.build_folder, "02_custom_cnn", {"models": runs})
    table = file_table(runs, files, validation_answers(runs, files, made.dataset))
    table = exports.tested_table(table, runs, exports.test_answers(runs, files, made.dataset))
    assert table["format"].tolist() == list(FORMATS)
    exact = evaluate(made.run.open_test(), "test").accuracy
    assert abs(table["accuracy"] - exact).max() < 0.12  # an image or so of nine
    assert table["agreement"].min() > 0.8
    assert table["validation_accuracy"].between(0, 1).all()
    assert table["size_bytes"].tolist() == [f.stat().st_size for f in made.files.values()]
    assert (table["one_core_milliseconds"] == 2 * table["two_core_milliseconds"]).all()
    assert table["accuracy"].between(table["accuracy_low"], table["accuracy_high"]).all()


def test_a_run_is_calibrated_on_validation_images(made):
    assert temperature_of(made.run) == fit_temperature(made.run.predictions)
    diverged = made.run.predictions.assign(p_Red=np.nan)
    assert temperature_of(SimpleNamespace(predictions=diverged)) is None
