"""The process that converts models: `python -m wastelib.export.convert`.

Its standard input is a list of `{"run", "files", "calibration"}`: a run's folder, the file to
write by format, and the photographs that int8 ranges are read off. Its standard output is empty,
or `{"what", "where", "remedy"}` for what a user can mend; its status is not 0 for a mistake.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from wastelib.data.images import UnreadableImageError, read_rgb
from wastelib.data.views import view_of
from wastelib.errors import WasteError
from wastelib.export.compact import compact
from wastelib.training.run import open_run
from wastelib.training.trial import Trial

OPSET = 18  # of ONNX: the highest that tf2onnx 1.17 writes


def main() -> None:
    """Carry out the orders."""
    # Libraries may print; nothing but the report may reach the reader.
    report, sys.stdout = sys.stdout, sys.stderr
    try:
        for order in json.load(sys.stdin):
            convert(Path(order["run"]), order["files"], order["calibration"])
    except WasteError as error:
        where = None if error.where is None else str(error.where)
        json.dump({"what": error.what, "where": where, "remedy": error.remedy}, report)


def convert(run_folder: Path, files: dict[str, str], calibration: list[str]) -> None:
    """Write the model of the run in `run_folder` to each of `files`, named by its format."""
    run = open_run(run_folder)
    model = in_float32(run.load_model())
    writers: dict[str, Callable[[str], None]] = {
        "litert-float32": partial(_litert, model),
        "litert-float16": partial(_litert_float16, model),
        "litert-int8": partial(_litert_int8, model, partial(_pixels, calibration, run.trial)),
        "onnx": partial(_onnx, model),
    }
    for name, file in files.items():
        writers[name](file)


def in_float32(model):
    """The same Keras model with everything computed in float32, whatever it was trained in.

    It is built again from its description: the inputs of models inside models have a type too.
    """
    import keras

    described = json.dumps(keras.saving.serialize_keras_object(model))
    for name in ("mixed_bfloat16", "bfloat16"):
        described = described.replace(f'"{name}"', '"float32"')
    twin = keras.saving.deserialize_keras_object(json.loads(described))
    twin.set_weights(model.get_weights())
    return twin


def _litert(model, file: str) -> None:
    converter = _converter(model, "uint8")
    _write(file, converter)


def _litert_float16(model, file: str) -> None:
    import tensorflow as tf

    converter = _converter(model, "uint8")
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    _write(file, converter)


def _litert_int8(model, pixels: Callable[[], Iterator[np.ndarray]], file: str) -> None:
    """Full int8: weights, activations, input and output; ranges are read off `pixels`."""
    import tensorflow as tf

    converter = _converter(model, "float32")
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([image] for image in pixels())
    converter.inference_input_type = converter.inference_output_type = tf.uint8
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    _write(file, converter)


def _converter(model, taking: str):
    """LiteRT's converter of the model for one image at a time, whose pixels have this type.

    Keras's own `model.export` stores the model on the way, which takes three times as long.
    """
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((1, *model.input_shape[1:]), taking)])
    def answer(pixels):
        return model(tf.cast(pixels, "float32"), training=False)

    # Given the function, and not the model, the converter freezes the variables at once.
    concrete = answer.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], answer)
    # Only LiteRT's own operations: others would need TensorFlow where the model runs.
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    return converter


def _write(file: str, converter) -> None:
    Path(file).write_bytes(compact(converter.convert()))


def _onnx(model, file: str) -> None:
    import keras
    import tensorflow as tf

    pixels = keras.Input(batch_shape=(1, *model.input_shape[1:]), dtype="uint8", name="pixels")
    answer = model(keras.ops.cast(pixels, "float32"), training=False)
    keras.Model(pixels, answer).export(
        file,
        format="onnx",
        verbose=False,
        input_signature=[tf.TensorSpec(pixels.shape, "uint8", name="pixels")],
        opset_version=OPSET,
    )


def _pixels(calibration: list[str], trial: Trial) -> Iterator[np.ndarray]:
    """Each photograph as float32 (1, size, size, 3).

    Two corners of the first one are made black and white: the range of the input is then
    0..255, and a pixel its own int8 code, whatever the photographs show.
    """
    for number, path in enumerate(calibration):
        try:
            image = view_of(read_rgb(Path(path), trial.image_size), trial.view)
        except UnreadableImageError as error:
            raise WasteError(
                f"a training image {error}",
                where=path,
                remedy="run notebook 01_data_preparation again",
            ) from error
        if number == 0:
            image = image.copy()
            image[0, 0], image[-1, -1] = 0, 255
        yield image[None].astype(np.float32)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
