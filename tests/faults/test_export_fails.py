"""An export that cannot be made says why, and leaves what was there."""

import signal
import sys
from types import SimpleNamespace

import pytest
from small_trials import trial_of

from wastelib.errors import WasteError
from wastelib.export import write
from wastelib.export.runtimes import open_onnx
from wastelib.export.write import export_run

FORMAT = "litert-float32"


@pytest.fixture
def export(prepare_small, tmp_path):
    """Export a run of the small dataset to a folder where earlier files are."""
    dataset = prepare_small()
    folder = tmp_path / "runs" / "3f2a"
    run = SimpleNamespace(
        hash="3f2a",
        folder=folder,
        trial=trial_of(dataset),
        classes=dataset.classes,
        manifest={"parameters": 1000},
    )
    into = tmp_path / "exports"
    into.mkdir()
    (into / f"3f2a-{FORMAT}.tflite").write_text("earlier")
    (into / f"3f2a-{FORMAT}.json").write_text("earlier")

    def called(*formats, **changes):
        changed = SimpleNamespace(**vars(run) | changes)
        return export_run(changed, dataset, formats or [FORMAT], into=into, temperature=None)

    yield called
    assert {path.read_text() for path in into.iterdir()} == {"earlier"}
    assert len(list(into.iterdir())) == 2


def in_its_place(monkeypatch, program: str) -> None:
    """Let the process that converts be another one."""
    run = write.subprocess.run
    monkeypatch.setattr(
        write.subprocess, "run", lambda _, **how: run([sys.executable, "-c", program], **how)
    )


def test_a_conversion_that_the_system_kills_is_named(export, monkeypatch):
    in_its_place(monkeypatch, f"import os; os.kill(os.getpid(), {signal.SIGKILL:d})")
    with pytest.raises(WasteError, match="ended by signal 9, most likely for want of memory"):
        export()


def test_a_mistake_in_the_conversion_keeps_its_traceback(export, monkeypatch):
    in_its_place(monkeypatch, "raise ZeroDivisionError('no such operation')")
    with pytest.raises(RuntimeError, match="ZeroDivisionError: no such operation"):
        export()


def test_what_a_user_can_mend_comes_out_of_the_process(export, monkeypatch):
    words = {"what": "a training image is gone", "where": "/a/b.jpg", "remedy": "bring it back"}
    in_its_place(monkeypatch, f"import json; print(json.dumps({words!r}))")
    with pytest.raises(WasteError, match=r"a training image is gone\n.*/a/b.jpg\n.*bring it back"):
        export()


def test_a_full_disk_is_named_before_anything_is_written(export):
    with pytest.raises(WasteError, match="an exported model needs"):
        export(manifest={"parameters": 10**15})


@pytest.mark.parametrize(
    ("formats", "message"),
    [(["pickle"], "there is no format 'pickle'"), ([FORMAT, ""], "there is no format ''")],
)
def test_an_unknown_format_is_refused_by_name(export, formats, message):
    with pytest.raises(WasteError, match=message) as refused:
        export(*formats)
    assert "litert-float16" in refused.value.remedy


def test_another_dataset_is_refused(export, prepare_small):
    other = trial_of(prepare_small()).model_copy(update={"dataset": "other"})
    with pytest.raises(WasteError, match="the run was trained on another dataset"):
        export(trial=other)


def test_packages_that_onnx_needs_and_are_missing_are_named(export, monkeypatch, tmp_path):
    monkeypatch.setattr(write, "find_spec", lambda name: None)
    with pytest.raises(WasteError, match="not installed: onnx, tf2onnx") as refused:
        export("onnx")
    assert "pip install onnx tf2onnx" in refused.value.remedy
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(WasteError, match="not installed: onnxruntime"):
        open_onnx(tmp_path / "model.onnx", 1)
