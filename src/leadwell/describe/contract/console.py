"""The description as a console takes it: what may be left out is left out at first.

A console writes an example, a default or the first word of a closed list into every
parameter, and sends them all along. No lead meets every condition at once.
"""

from collections.abc import Callable, Iterator
from typing import Any

Object = dict[str, Any]
PARAMETERS_MAX = 150
"""Of one operation. A console draws an editor for each: 1,000 take it over a minute."""


def for_scalar(document: Object) -> Object:
    """Return OpenAPI whose optional parameters are shown with a tick to set.

    Scalar sends an example that is marked `x-disabled` only once it is ticked.
    """
    return _changed(document, _switched_off)


def for_swagger_ui(document: Object) -> Object:
    """Return OpenAPI whose optional parameters are shown without a value."""
    return _changed(document, _emptied)


def _changed(document: Object, change: Callable[[Object], Object]) -> Object:
    def of_parameter(parameter: Object) -> Object:
        # One that is pointed to is changed where it stands.
        is_fixed = parameter.get("required") or "$ref" in parameter
        return parameter if is_fixed else change(parameter)

    def of_operation(operation: Any) -> Any:
        # Beside the methods stand the parameters that all of them need.
        if "parameters" not in operation:
            return operation
        found = _bounded(operation)
        return found | {"parameters": [*map(of_parameter, found["parameters"])]}

    paths = {
        path: {name: of_operation(each) for name, each in operations.items()}
        for path, operations in document["paths"].items()
    }
    components = document["components"]
    shared = components.get("parameters", {})
    changed = {name: of_parameter(each) for name, each in shared.items()}
    return document | {
        "paths": paths,
        "components": {**components, "parameters": changed},
    }


def _bounded(operation: Object) -> Object:
    """Leave out conditions beyond the bound: those with an operator before others."""
    given = operation["parameters"]
    if len(given) <= PARAMETERS_MAX:
        return operation
    # A sort keeps the order of what is alike.
    shown = sorted(given, key=_has_operator)[:PARAMETERS_MAX]
    rest = len(given) - len(shown)
    said = (
        f"{operation['description']}\n\n{rest:,} more conditions can be added by hand."
    )
    return operation | {"parameters": shown, "description": said}


def _has_operator(parameter: Object) -> bool:
    # `source[in]`, whose component is `source.in`.
    pointed = parameter.get("$ref", "").rpartition("/")[2]
    return "[" in parameter.get("name", "") or "." in pointed


def _switched_off(parameter: Object) -> Object:
    known = list(_examples(parameter))
    if not known:
        return parameter
    shown = _without(parameter, "example")
    return shown | {"examples": {"left-out": {"value": known[0], "x-disabled": True}}}


def _examples(parameter: Object) -> Iterator[Any]:
    """Yield what a reader who ticks the parameter may begin with, the best first."""
    if "example" in parameter:
        yield parameter["example"]
    yield from (each["value"] for each in parameter.get("examples", {}).values())
    described = parameter["schema"]
    yield from described.get("examples", ())
    yield from described.get("enum", ())
    items = described.get("items", {})
    yield from ([each] for each in items.get("enum", items.get("examples", ())))
    yield from (described[name] for name in ("default", "minimum") if name in described)


def _emptied(parameter: Object) -> Object:
    shown = _without(parameter, "example", "examples")
    schema = _without(parameter["schema"], "example", "examples", "default")
    if "items" in schema:
        # It complains of each format of a list's values for which it has no field.
        schema["items"] = _without(schema["items"], "example", "examples", "format")
    return shown | {"schema": schema}


def _without(given: Object, *names: str) -> Object:
    return {name: each for name, each in given.items() if name not in names}
