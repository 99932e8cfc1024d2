"""A wrong value stops a build before any kernel starts, and the message says where it is."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from wastelib import profiles, settings
from wastelib.errors import WasteError
from wastelib.export import write
from wastelib.profiles import load_profile
from wastelib.settings import NOTEBOOKS, CustomCNN, layer_counts, learning_rates

REAL_PROFILES = profiles.profile_names()


@pytest.fixture
def profile(tmp_path, monkeypatch):
    """Write a profile and load it."""
    monkeypatch.setattr(profiles, "PROFILES", tmp_path)

    def load(content, **options):
        text = content if isinstance(content, str) else yaml.safe_dump(content)
        (tmp_path / "mine.yaml").write_text(text, "utf-8")
        return load_profile("mine", build_folder="../out", **options)

    return load


def refused(load, content) -> str:
    """The message that a wrong profile gets; it always names the file."""
    with pytest.raises(WasteError) as raised:
        load(content)
    assert "mine.yaml" in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("name", REAL_PROFILES)
def test_every_profile_that_the_project_has_is_valid(name):
    loaded = load_profile(name, build_folder="../out")
    assert list(loaded.notebooks) == list(NOTEBOOKS)
    assert all(p.build_folder == "../out" for p in loaded.notebooks.values())


def test_the_profiles_of_the_design_are_there():
    assert {"demo", "smoke", "realwaste", "published"} <= set(REAL_PROFILES)


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_the_defaults_are_valid_and_plain_scalars(notebook):
    model = NOTEBOOKS[notebook]
    values = model().model_dump()
    assert model(**values) == model()
    assert {type(value) for value in values.values()} <= {str, int, float, bool}


def test_an_empty_profile_is_all_defaults(profile):
    loaded = profile("")
    assert loaded.title == "mine"
    for name, model in NOTEBOOKS.items():
        assert loaded.notebooks[name] == model(build_folder="../out")


def test_sections_that_are_commented_out_are_empty(profile):
    assert profile("shared:\n02_custom_cnn:\n  # epochs: 3\n").parameters("02_custom_cnn")


def test_shared_values_reach_every_notebook_that_has_them_and_own_values_win(profile):
    loaded = profile({"shared": {"epochs": 2, "seed": 7}, "02_custom_cnn": {"epochs": 3}})
    assert loaded.parameters("02_custom_cnn")["epochs"] == 3
    assert loaded.parameters("03_learning_rate_comparison")["epochs"] == 2
    assert loaded.parameters("01_data_preparation")["seed"] == 7
    assert "epochs" not in loaded.parameters("01_data_preparation")


def test_what_the_user_typed_wins_over_the_profile(profile):
    content = {"01_data_preparation": {"data": "realwaste"}}
    assert profile(content, data="/a b").parameters("01_data_preparation")["data"] == "/a b"
    assert profile(content).parameters("01_data_preparation")["data"] == "realwaste"
    elsewhere = profile(content, other_data="/c").parameters("10_out_of_the_notebook")
    assert elsewhere["other_data"] == "/c"
    typed = profile(content, weights="/w").parameters("04_pretrained_fine_tuning")
    assert typed["weights"] == "/w"


def test_photographs_of_ones_own_are_not_called_as_the_profile_calls_its_own(profile):
    """A page that calls somebody's photographs demo data, or RealWaste, would be a lie."""
    named = {"data": "realwaste", "dataset_name": "RealWaste, nine classes"}
    content = {"01_data_preparation": named}
    assert profile(content, data="/mine").parameters("01_data_preparation")["dataset_name"] == ""
    for same in (None, "realwaste"):
        kept = profile(content, data=same).parameters("01_data_preparation")["dataset_name"]
        assert kept == "RealWaste, nine classes"
    asking = {"01_data_preparation": named | {"data": ""}}  # a profile for photographs to be given
    kept = profile(asking, data="/five.zip").parameters("01_data_preparation")["dataset_name"]
    assert kept == "RealWaste, nine classes"


def test_every_notebook_that_trains_is_told_the_scheduler_and_no_fact_names_it(profile):
    loaded = profile("", scheduler="tcp://10.0.0.1:8786")
    told = {name for name in NOTEBOOKS if loaded.parameters(name).get("scheduler")}
    folder = Path(__file__).parents[2] / "notebooks"  # PROFILES is another folder here
    sources = {name: (folder / f"{name}.ipynb").read_text("utf-8") for name in NOTEBOOKS}
    assert told == {name for name, source in sources.items() if "scheduler=scheduler" in source}
    for name in NOTEBOOKS:
        assert loaded.facts(name) == profile("").facts(name)


@pytest.mark.parametrize("section", ["shared", "02_custom_cnn"])
def test_a_profile_cannot_lead_the_notebooks_to_another_build(profile, section):
    loaded = profile({section: {"build_folder": "/elsewhere"}})
    assert loaded.parameters("02_custom_cnn")["build_folder"] == "../out"


def test_an_unknown_profile_lists_those_there_are(profile):
    profile("")
    with pytest.raises(WasteError, match="there is no profile 'mnie'") as raised:
        load_profile("mnie", build_folder="x")
    assert "choose one of: mine" in str(raised.value)


@pytest.mark.parametrize("name", ["", ".", "../mine", "mine.yaml", "/etc/passwd", "Mine"])
def test_a_profile_is_a_name_and_no_path(profile, name):
    profile("")
    with pytest.raises(WasteError, match="there is no profile"):
        load_profile(name, build_folder="x")


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        ({"02_custom_cnn": {"epoch": 3}}, "did you mean 'epochs'?"),
        ({"02_custom_cnn": {"learning_rat": 0.1}}, "did you mean 'learning_rate'?"),
        ({"shared": {"sed": 3}}, "did you mean 'seed'?"),
        ({"02_custom_cn": {"epochs": 3}}, "did you mean '02_custom_cnn'?"),
        ({"05_model_comparison": {"epochs": 3}}, "parameter of 05_model_comparison"),
        ({"02_custom_cnn": {"xyzzy": 3}}, "known: "),
        ({"02_custom_cnn": {1: 3}}, "unknown parameter"),
    ],
)
def test_a_mistyped_name_is_refused_with_the_likely_one(profile, content, hint):
    assert hint in refused(profile, content)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("restore_best", "false"),
        ("restore_best", 0),
        ("seeds", 0),
        ("folds", 1),
        ("folds", 2),
        ("residual", "published_cnn"),
        ("ablation_seeds", 1),
        ("epochs", "3"),
        ("epochs", 3.5),
        ("epochs", True),
        ("epochs", None),
        ("epochs", [3]),
        ("epochs", 0),
        ("epochs", -1),
        ("learning_rate", "1e-3"),
        ("learning_rate", 0),
        ("learning_rate", float("nan")),
        ("learning_rate", float("inf")),
        ("image_size", 15),
        ("image_size", 10**6),
        ("split_method", "Group"),
        ("split_method", 1),
        ("seed", 2**31),
    ],
)
def test_a_wrong_value_is_refused_and_named(profile, name, value):
    message = refused(profile, {"02_custom_cnn": {name: value}})
    assert f"02_custom_cnn: {name} = {value!r}" in message


@pytest.mark.parametrize(
    "text",
    [
        "- a list",
        "3",
        "just words",
        "shared: 3",
        "shared: [1, 2]",
        "02_custom_cnn: yes",
        "a: b: c",
        "{",
        "\tepochs: 3",
        "title: !!python/object/apply:os.getcwd []",
    ],
)
def test_what_is_no_profile_is_refused(profile, text):
    refused(profile, text)


def test_bytes_that_are_no_text_are_refused(profile, tmp_path):
    profile("")
    (tmp_path / "mine.yaml").write_bytes(b"title: \xff\xfe")
    with pytest.raises(WasteError, match="not valid YAML"):
        load_profile("mine", build_folder="x")


@pytest.mark.parametrize(
    "content",
    [
        {"01_data_preparation": {"train_share": 0.9, "validation_share": 0.2}},
        {"01_data_preparation": {"train_share": 0.6, "validation_share": 0.4}},
        {"03_learning_rate_comparison": {"lowest_rate": 0.1, "highest_rate": 0.01}},
        {"02_custom_cnn": {"residual": "", "ablation_seeds": 2}},
        {"08_open_questions": {"training_shares": "50, 100"}},
        {"08_open_questions": {"training_shares": "10, 5, 100"}},
        {"08_open_questions": {"training_shares": "5, 10, 20"}},
        {"08_open_questions": {"training_shares": "a, 10, 100"}},
        {"08_open_questions": {"training_shares": "0, 10, 100"}},
        {"09_models_that_win": {"models": ""}},
        {"09_models_that_win": {"models": "small, huge"}},
        {"09_models_that_win": {"test_augmentations": "flips, none"}},
        {"09_models_that_win": {"unfrozen_layers": ""}},
        {"09_models_that_win": {"unfrozen_layers": "60, 20"}},
        {"09_models_that_win": {"unfrozen_layers": "twenty"}},
    ],
)
def test_values_that_contradict_each_other_are_refused(profile, content):
    refused(profile, content)


VALUES = {
    "epochs": st.integers(1, 10**6),
    "seed": st.integers(0, 2**31 - 1),
    "learning_rate": st.floats(1e-12, 10),
    "image_size": st.integers(16, 1024),
    "restore_best": st.booleans(),
    "split_method": st.sampled_from(["group", "random"]),
}


@given(st.fixed_dictionaries({}, optional=VALUES))
def test_accepted_values_come_back_as_they_were(values):
    loaded = CustomCNN(**values)
    assert loaded == CustomCNN(**loaded.model_dump())
    assert {name: loaded.model_dump()[name] for name in values} == values


@given(st.text())
def test_any_path_of_the_users_arrives_as_it_was_typed(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("profiles")
    (folder / "mine.yaml").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(profiles, "PROFILES", folder)
        loaded = load_profile("mine", build_folder="x", data=text)
    assert loaded.parameters("01_data_preparation")["data"] == text


def test_rounds_and_rates_are_read_as_they_are_written(profile):
    assert layer_counts("20, 60 154") == [20, 60, 154]
    assert layer_counts("") == []
    assert learning_rates("1e-5, 3e-5 1") == [1e-5, 3e-5, 1.0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("unfrozen_layers", "60, 20"),
        ("unfrozen_layers", "20, 20"),
        ("unfrozen_layers", "0"),
        ("unfrozen_layers", "-7"),
        ("unfrozen_layers", "2.5"),
        ("unfrozen_layers", "all"),
        ("unfrozen_layers", 20),
        ("fine_tuning_rates", ""),
        ("fine_tuning_rates", "0, 1e-4"),
        ("fine_tuning_rates", "1e-3, 1e-4"),
        ("fine_tuning_rates", "1e-4, nan"),
        ("fine_tuning_rates", "11"),
        ("fine_tuning_rates", "low"),
        ("rate_decay", 0),
        ("rate_decay", 1.5),
        ("augmentation", "flips"),
    ],
)
def test_rounds_and_rates_that_mean_nothing_are_refused(profile, name, value):
    message = refused(profile, {"04_pretrained_fine_tuning": {name: value}})
    assert "04_pretrained_fine_tuning" in message
    assert str(value) in message


@pytest.mark.parametrize("formats", ["", " , ", "litert", "onnx, pickle"])
def test_formats_that_there_are_not_stop_a_build_at_once(profile, formats):
    said = refused(profile, {"10_out_of_the_notebook": {"formats": formats}})
    assert "litert-float32, litert-float16, litert-int8, onnx" in said


def test_the_formats_are_those_that_can_be_written():
    assert settings.FORMATS == write.FORMATS


@pytest.mark.parametrize(
    ("name", "typed", "written"),
    [
        ("learning_rate", "1e-4", "0.0001"),
        ("learning_rate", "1e-5", "0.00001"),
        ("epochs", '"5"', "5"),
    ],
)
def test_a_number_that_yaml_takes_for_text_is_shown_as_to_be_written(profile, name, typed, written):
    for text in (typed, written):
        content = f"02_custom_cnn: {{{name}: {text}}}"
        if text == written:
            assert profile(content).parameters("02_custom_cnn")[name] == float(written)
        else:
            with pytest.raises(WasteError, match=rf"write {re.escape(written)}: YAML takes"):
                profile(content)


@pytest.mark.parametrize("value", ["nan", "many", "3"])
def test_text_that_is_no_number_is_only_to_be_corrected(profile, value):
    with pytest.raises(WasteError, match="correct the value"):
        profile(f"02_custom_cnn: {{epochs: {value}x}}")
