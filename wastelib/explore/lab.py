"""In JupyterLab: pick a run and a photograph, and see what the one makes of the other."""

import base64
import html
import io
from pathlib import Path
from typing import TYPE_CHECKING

from wastelib.data.dataset import Dataset, open_dataset
from wastelib.data.images import read_rgb
from wastelib.displays.opinion import OpinionDisplay
from wastelib.errors import WasteError
from wastelib.evaluation.predictions import checked
from wastelib.explore.expert import Expert
from wastelib.explore.nearest import nearest_training
from wastelib.training.run import Run, declared

if TYPE_CHECKING:
    import ipywidgets

SCREEN_DPI = 110


def explore(
    build_folder: Path | str = "../report/build/demo", wanted_accuracy: float = 0.8
) -> "ipywidgets.Widget":
    """Boxes to pick a model and a validation image by; below them `opinion` of these.

    Test images are left out: who looks at them while choosing has no test any more. Raises
    `WasteError` if ipywidgets is not installed or the build has no models.
    """
    try:
        import ipywidgets as widgets
    except ImportError as error:
        raise WasteError(
            "exploring needs the package ipywidgets", remedy="pip install 'wastelib[explore]'"
        ) from error

    dataset, runs = open_dataset(build_folder), declared(build_folder, "models")
    model = widgets.Dropdown(options=list(runs), description="Model")
    wrong = widgets.Checkbox(description="wrong answers only", indent=False)
    image = widgets.Dropdown(description="Image")
    picture = widgets.HTML()

    def list_images(_=None) -> None:
        answers = checked(runs[model.value].predictions, "validation")
        chosen = answers.rows[~answers.right] if wrong.value else answers.rows
        before = image.value
        image.options = sorted(chosen["image"])
        if before in image.options:
            image.value = before

    def show(_=None) -> None:
        if image.value is None:
            picture.value = "<p>No such image.</p>"
            return
        picture.value = "<p>Looking …</p>"
        shown = opinion(dataset, runs[model.value], image.value, wanted_accuracy)
        picture.value = _as_html(shown)

    for box in (model, wrong):
        box.observe(list_images, "value")
    for box in (model, image):
        box.observe(show, "value")
    list_images()
    return widgets.VBox([widgets.HBox([model, wrong]), image, picture])


def opinion(dataset: Dataset, run: Run, image: str, wanted_accuracy: float) -> OpinionDisplay:
    """What `run` makes of `image`, a path of the catalogue, beside its label."""
    found = Expert.of(run, wanted_accuracy).asked(dataset.root / image)
    label = dataset.catalogue.set_index("path").loc[image, "label"]
    nearest = [
        (row["label"], row["likeness"], read_rgb(dataset.root / row["image"], 192))
        for row in nearest_training(dataset, run, image).to_dict("records")
    ]
    shares = dict(zip(found.classes, map(float, found.probabilities), strict=True))
    said = found.answer or f"I don't know ({found.likeliest}?)"
    return OpinionDisplay(f"{said}; label: {label}", found.photograph, found.heat, shares, nearest)


def _as_html(display: OpinionDisplay) -> str:
    file = io.BytesIO()
    display.plot().figure_.savefig(file, format="png", dpi=SCREEN_DPI)
    picture = base64.b64encode(file.getvalue()).decode()
    return f'<img alt="{html.escape(display.alt)}" src="data:image/png;base64,{picture}">'
