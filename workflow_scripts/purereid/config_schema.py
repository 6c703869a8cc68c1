"""Compare a config with its JSON schema, and say in plain words what does not fit."""

import difflib
import math
import re
from functools import reduce
from operator import or_

import jsonschema
import yaml

from purereid.errors import UserError
from purereid.networks.registry import DEFAULT_SYSTEM, description, system_names

# JSON Schema counts 1.0 as an integer, a mistake as a number of epochs or a seed in a path, and nan as a number
TYPES = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
TYPES = TYPES.redefine("number", lambda _, value: type(value) in (int, float) and math.isfinite(value))
VALIDATOR = jsonschema.validators.extend(jsonschema.Draft202012Validator, type_checker=TYPES)
LONGEST = 100  # letters of a value that are shown
WORDS = {
    "integer": "whole number",
    "string": "text",
    "array": "list such as [1, 2]",
    "object": "section with settings of its own",
}


def check_schema(config: dict, schema: dict) -> None:
    """Compare a config with its JSON schema.

    Raises:
        UserError: names the first key that is unknown or has an unusable value, and what was expected.
    """
    errors = sorted(VALIDATOR(schema).iter_errors(config), key=lambda error: [str(part) for part in error.path])
    if errors:
        raise _explained(errors[0], schema)


def with_systems(schema: dict) -> dict:
    """The schema with the settings of all systems, as their ``system.yaml`` say.

    They stand under ``train_gan`` or ``train_reid``, one section per system. An entry of ``generators`` or
    ``experiments`` holds those of its own system directly under the rule.
    """
    definitions = dict(schema["$defs"])
    for rule, entry, default in (("train_gan", "generator", None), ("train_reid", "experiment", DEFAULT_SYSTEM)):
        common = definitions[rule]["properties"]
        sections = {name: f"settings_of_{name}" for name in system_names(rule)}
        definitions |= {
            section: _object(_settings(name, common) | _settings_of_stages(name)) for name, section in sections.items()
        }
        definitions[rule] = _object(common | {name: _reference(section) for name, section in sections.items()})
        definitions |= {
            f"{rule}_with_{name}": _object(common | definitions[section]["properties"])
            for name, section in sections.items()
        }
        definitions[entry] = _of_entry(definitions[entry], rule, list(sections), default)
    systems = [description(name) for name in system_names()]
    for section, own in (("extract_features", "at_test"), ("generate", "at_drawing")):
        settings = [getattr(system, own) for system in systems]
        definitions[section] = _object(reduce(or_, settings, definitions[section]["properties"]))
    whole = schema | {"$defs": definitions}
    return _narrowed(whole, definitions)


def _narrowed(part: object, definitions: dict) -> object:
    """A schema with those references replaced by their definitions that have keys beside them: these come first."""
    if isinstance(part, list):
        return [_narrowed(each, definitions) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part and len(part) > 1:
        own = {key: value for key, value in part.items() if key != "$ref"}
        part = definitions[part["$ref"].rpartition("/")[2]] | own
    return {key: _narrowed(value, definitions) for key, value in part.items()}


def _settings(system: str, common: dict) -> dict:
    """Settings of all stages of a system; neither they nor the stages have the name of a common setting."""
    found = description(system)
    twice = sorted(set(common) & {*found.settings, *found.sections})
    if twice:
        raise ValueError(f"the system {system} has the setting or stage {twice[0]}; all systems have this setting")
    return found.settings


def _settings_of_stages(system: str) -> dict:
    return {stage: _object(settings) for stage, settings in description(system).sections.items()}


def _of_entry(definition: dict, rule: str, systems: list[str], default: str | None) -> dict:
    """Definition of an entry whose settings under ``rule`` are those of the system that it names."""
    named = [{"properties": {"system": {"const": name}}, "required": ["system"]} for name in systems]
    if default:
        # also where there is no system; who uses the networks of another experiment has no settings of training
        without = {"properties": {"system": {"const": default}}, "not": {"required": ["from_experiment"]}}
        named[systems.index(default)] = without
    by_system = [
        {"if": condition, "then": {"properties": {rule: _reference(f"{rule}_with_{name}")}}}
        for name, condition in zip(systems, named, strict=True)
    ]
    properties = definition["properties"] | {"system": {"enum": systems}, rule: {"type": "object"}}
    return definition | {"properties": properties, "allOf": by_system}


def _object(properties: dict) -> dict:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _reference(name: str) -> dict:
    return {"$ref": f"#/$defs/{name}"}


def check_sections(config: dict, schema: dict) -> None:
    """Each section of the config must hold every setting that the schema knows: the defaults are nowhere else.

    Raises:
        UserError: a setting is missing.
    """
    for name, entry in schema["properties"].items():
        if "$ref" in entry:
            _check_section(config, name, entry, schema["$defs"])


def _check_section(values: dict, name: str, entry: dict, definitions: dict) -> None:
    """One section, and the sections inside it; names are dotted paths."""
    definition = definitions[entry["$ref"].rpartition("/")[2]] if "$ref" in entry else entry
    section = values.get(name.rpartition(".")[2], {})
    for setting, inner in definition.get("properties", {}).items():
        if setting not in section:
            raise UserError(
                f"a setting is missing: {name}.{setting}",
                where="config.yaml",
                expected="every setting with its default",
                do="restore config.yaml from the repository; keep your own settings in a file for --configfile"
                + (" (a new system: add its section)" if name.startswith(("train_gan", "train_reid")) else ""),
            )
        _check_section(section, f"{name}.{setting}", inner, definitions)


def _explained(error: jsonschema.ValidationError, schema: dict) -> UserError:
    where = ".".join(str(part) for part in error.absolute_path) or "top level of the config"
    if error.validator == "minProperties":
        return UserError("nothing is left here", where=where, expected="at least one entry that is not null")
    if error.validator == "required":
        return UserError(error.message, where=where, do="see config.yaml of the repository")
    if error.validator == "additionalProperties":
        known = sorted(error.schema.get("properties", {}))
        unknown = next(key for key in error.instance if key not in known)
        near = difflib.get_close_matches(str(unknown), known, 1)
        return UserError(
            f"unknown config key {unknown!r}",
            where=where,
            expected=f"one of {', '.join(known)}",
            do=_correction(str(unknown), near, error.schema, schema),
        )
    hint = None
    if where.endswith(".system") and error.instance in system_names():
        hint = _place_of_system(error.instance)
    if isinstance(error.instance, str) and error.validator in ("type", "oneOf", "anyOf"):
        hint = _as_value(error.instance, whole=error.schema.get("type") == "integer")
    found = "null" if error.instance is None else repr(error.instance)
    what = f"unusable setting {found if len(found) <= LONGEST else found[:LONGEST] + ' ...'}"
    return UserError(what, where=where, expected=_expectation(error), do=hint)


def _as_value(text: str, *, whole: bool) -> str | None:
    """Advice on a text that means a number, of which a whole one is wanted, or something else."""
    if re.fullmatch(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+", text):
        number, _, power = text.lower().partition("e")
        number, power = (number if "." in number else f"{number}.0"), (power if power[0] in "+-" else f"+{power}")
        short = whole and float(text) < 1e9 and float(text).is_integer()
        return f"YAML reads {text} as text: write {int(float(text)) if short else f'{number}e{power}'}"
    if re.fullmatch(r"[+-]?\d+,\d+", text):
        return f"write a point: {text.replace(',', '.')}"
    try:
        meant = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return None
    if isinstance(meant, str) or (isinstance(meant, float) and not math.isfinite(meant)):
        return None
    return (
        f"it is a text: write {text} without quotes; what stands in brackets behind --config is always text, so write"
        " it into a file and name that with --configfile"
    )


def _place_of_system(system: str) -> str:
    """Where a system may be named that was named elsewhere."""
    if description(system).rule == "train_gan":
        return f"{system} makes images alone: name it in a generator"
    return (
        f"{system} trains an encoder: name it in an experiment, whose generator, if any, one takes by from_experiment"
    )


def _correction(unknown: str, near: list[str], found: dict, schema: dict) -> str:
    """Advice on an unknown key, which may stand one section too high, or be a section that an entry does not have."""
    known = found.get("properties", {})
    if unknown in system_names():
        if set(known) & set(system_names()):
            return f"the section of {unknown} stands under {description(unknown).rule}"
        return f"an entry names its system (system: {unknown}) and has its settings directly here, not under {unknown}"
    below = [name for name, entry in known.items() if unknown in _inner(entry, schema)]
    if below:
        return f"write it under {' or '.join(below)}"
    owners = [name for name in system_names() if unknown in description(name).settings]
    if owners:
        return f"it is a setting of {', '.join(owners)} alone"
    return f"did you mean {near[0]}?" if near else "correct or remove the key"


def _inner(entry: dict, schema: dict) -> dict:
    """Settings of a section."""
    definition = schema["$defs"].get(entry["$ref"].rpartition("/")[2], {}) if "$ref" in entry else entry
    return definition.get("properties", {})


def _expectation(error: jsonschema.ValidationError) -> str:
    schema = error.schema
    if "description" in schema:
        return schema["description"]
    parts = []
    if "enum" in schema:
        parts.append("one of " + ", ".join(str(value) for value in schema["enum"]))
    if "type" in schema:
        items = schema.get("items", {})
        texts = "list of texts such as [a, b]" if items.get("type") == "string" else None
        chosen = f"list of some of {', '.join(map(str, items['enum']))}" if "enum" in items else None
        parts.append(texts or chosen or WORDS.get(schema["type"], schema["type"]))
    for key, words in (
        ("minimum", "at least"),
        ("exclusiveMinimum", "above"),
        ("maximum", "at most"),
        ("exclusiveMaximum", "below"),
        ("multipleOf", "a multiple of"),
        ("minItems", "items: at least"),
        ("maxItems", "items: at most"),
    ):
        if key in schema:
            parts.append(f"{words} {schema[key]}")
    if schema.get("uniqueItems"):
        parts.append("none twice")
    if "pattern" in schema:
        parts = [schema["pattern"].strip("^$()").replace("|", ", ").replace(".+", "NAME")]
    return ", ".join(parts) or error.message
