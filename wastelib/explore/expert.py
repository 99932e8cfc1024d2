"""A finished run that answers about single photographs, and says when it does not know."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from wastelib.data.images import read_rgb, resized
from wastelib.data.views import view_of
from wastelib.evaluation.calibration import answer_threshold, at_temperature
from wastelib.evaluation.exports import temperature_of
from wastelib.evaluation.gradcam import grad_cam
from wastelib.models.temperature import tempered
from wastelib.training.predict import Classifier, classifier_of
from wastelib.training.run import Run

SHOWN = 640  # pixels of the longer side of a photograph that is shown


@dataclass(frozen=True, eq=False)
class Opinion:
    """What a model makes of one photograph.

    `probabilities` (classes,) are calibrated; `answer` is the likeliest class, or None where
    the model is not sure enough. `photograph` is uint8 (height, width, 3), at most SHOWN a
    side; `heat` (size, size) in 0..1 shows what spoke for the likeliest class.
    """

    classes: tuple[str, ...]
    probabilities: np.ndarray
    answer: str | None
    photograph: np.ndarray
    heat: np.ndarray

    @property
    def likeliest(self) -> str:
        """The class with the highest probability; of equals the first."""
        return self.classes[int(self.probabilities.argmax())]


@dataclass(frozen=True, eq=False)
class Expert:
    """A run that can be asked.

    `temperature` and `threshold` were chosen on its validation images, as in notebook 07; None
    stands for a temperature that cannot be fitted, and for a threshold that none reached: then
    no answer is given.
    """

    run: Run
    temperature: float | None
    threshold: float | None

    @classmethod
    def of(cls, run: Run, wanted_accuracy: float) -> Self:
        """`wanted_accuracy` (0..1) is that of the validation answers that are given."""
        temperature = temperature_of(run)
        if temperature is None:
            return cls(run, None, None)
        scaled = at_temperature(run.predictions, temperature)
        return cls(run, temperature, answer_threshold(scaled, wanted_accuracy))

    @cached_property
    def _classifier(self) -> Classifier:
        return classifier_of(self.run)

    def asked(self, file: Path) -> Opinion:
        """What the run makes of one image file.

        Raises `UnreadableImageError` for a file that is no usable image.
        """
        photograph = read_rgb(file)
        model = self._classifier
        pixels = view_of(resized(photograph, model.image_size), model.view)[None]
        (probabilities,) = model.probabilities(pixels).astype(float)
        if self.temperature is not None:
            probabilities = tempered(probabilities, self.temperature)
        (heat,) = grad_cam(self.run, pixels)
        likeliest = int(probabilities.argmax())
        sure = self.threshold is not None and probabilities[likeliest] >= self.threshold
        answer = model.classes[likeliest] if sure else None
        return Opinion(model.classes, probabilities, answer, _small(photograph), heat)


def _small(rgb: np.ndarray) -> np.ndarray:
    scale = SHOWN / max(rgb.shape[:2])
    if scale >= 1:
        return rgb
    height, width = (max(1, round(side * scale)) for side in rgb.shape[:2])
    return cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
