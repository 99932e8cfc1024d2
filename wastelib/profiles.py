"""Profiles: YAML files with values for the parameters of all notebooks, read and validated."""

from decimal import Decimal, InvalidOperation
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from wastelib.errors import WasteError
from wastelib.settings import NOTEBOOKS, Parameters

PROFILES = Path(__file__).parent.parent / "report" / "profiles"


class Profile(BaseModel):
    """Validated parameters of all notebooks under one name."""

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    notebooks: dict[str, Parameters]

    def parameters(self, notebook: str) -> dict[str, object]:
        """The values for one notebook, as papermill takes them."""
        return self.notebooks[notebook].model_dump()

    def facts(self, notebook: str) -> dict[str, object]:
        """The same without those that say only where the work is done, not what it is."""
        return self.notebooks[notebook].model_dump(exclude={"scheduler"})


def profile_names() -> list[str]:
    """The names that `load_profile` knows."""
    return sorted(path.stem for path in PROFILES.glob("*.yaml"))


def load_profile(
    name: str,
    *,
    build_folder: str,
    data: str | None = None,
    other_data: str | None = None,
    weights: str | None = None,
    scheduler: str | None = None,
) -> Profile:
    """Read `report/profiles/<name>.yaml` and validate every value in it.

    `shared` values go to each notebook that has a parameter of that name. `data`,
    `other_data`, `weights` and `scheduler`, where given, replace the profile's own; other
    photographs are not called by the name that the profile gives to its own.

    Raises `WasteError` for an unknown profile, notebook or parameter, a wrong type and a
    value out of range, naming the file, the parameter and what is allowed.
    """
    import yaml

    path = PROFILES / f"{name}.yaml"
    if name not in profile_names():
        raise WasteError(
            f"there is no profile {name!r}",
            where=PROFILES,
            remedy=f"choose one of: {', '.join(profile_names())}",
        )
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, ValueError) as error:  # PyYAML makes dates of what looks like one
        raise WasteError(f"the profile is not valid YAML: {error}", where=path) from error
    content = _mapping(content, "the profile", path)
    title = str(content.pop("title", name))
    shared = _mapping(content.pop("shared", None), "shared", path)
    _refuse_unknown(content, NOTEBOOKS, "notebook", path)
    every_name = {field for model in NOTEBOOKS.values() for field in model.model_fields}
    _refuse_unknown(shared, every_name, "parameter", path)
    given = {"data": data, "other_data": other_data, "weights": weights, "scheduler": scheduler}
    given = {key: value for key, value in given.items() if value is not None}
    notebooks = {}
    for notebook, model in NOTEBOOKS.items():
        values = {key: value for key, value in shared.items() if key in model.model_fields}
        values |= _mapping(content.get(notebook), notebook, path)
        if data is not None and values.get("data") not in ("", data):
            values.pop("dataset_name", None)  # the name of the profile's own photographs
        values |= {key: value for key, value in given.items() if key in model.model_fields}
        values["build_folder"] = build_folder  # where the report looks: no profile's business
        notebooks[notebook] = _validated(model, values, notebook, path)
    return Profile(name=name, title=title, notebooks=notebooks)


def _mapping(value: object, name: str, path: Path) -> dict:
    """A section of the profile; one whose lines are all commented out is empty."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise WasteError(
            f"{name} is {value!r}, not a list of values with names",
            where=path,
            remedy="write one `name: value` on each line, indented below the section's name",
        )
    return dict(value)


def _refuse_unknown(given, known, kind: str, path: Path) -> None:
    import difflib

    for key in given:
        if key not in known:
            close = difflib.get_close_matches(str(key), list(known), n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known))}"
            raise WasteError(f"unknown {kind} {key!r}", where=path, remedy=hint)


def _validated(model: type[Parameters], values: dict, notebook: str, path: Path) -> Parameters:
    _refuse_unknown(values, model.model_fields, f"parameter of {notebook}", path)
    try:
        return model(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        remedy = "correct the value in the profile"
        if first["type"] in ("int_type", "float_type") and (text := _plain(first["input"])):
            remedy = f"write {text}: YAML takes {first['input']!r} for text"
        value = f"{name} = {first['input']!r} is not accepted: " if name else ""
        raise WasteError(
            f"{notebook}: {value}{first['msg']}",
            where=path,
            remedy=remedy,
        ) from error


def _plain(text: object) -> str:
    """A number that YAML took for text, as it reads it: with a point, without quotes."""
    try:
        number = Decimal(text) if isinstance(text, str) else Decimal("nan")
    except InvalidOperation:
        return ""
    if not number.is_finite():
        return ""
    return str(int(number)) if number == int(number) else format(number, "f")
