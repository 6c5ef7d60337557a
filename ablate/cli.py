"""`key=value` arguments, parsed by the declared type of a pydantic model's field; `--help` from the same model.

Every command is `run_command(Model, main)`: bad arguments and everything else that a user can cause are one line on
stderr and exit status 2.
"""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin

import pydantic
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from ablate import interruption, invocation
from ablate.config import SPARSE
from ablate.errors import UsageError, plain, suggest

Config = TypeVar("Config", bound=pydantic.BaseModel)
Fields = dict[str, FieldInfo]


def run_command(
    model: type[Config], main: Callable[[Config], int], epilogue: Callable[[], str] = str, positional: str | None = None
) -> NoReturn:
    """Parses `sys.argv`, runs `main` and exits with its status; 2 and one line for a `UsageError` or a failing disk.

    Args:
        epilogue: text after the keys in `--help`.
        positional: the field that an argument without `key=` stands for.
    """
    command = _command_name()
    try:
        with interruption.handled(invocation.command()):
            invocation.hide_credentials()
            arguments = invocation.arguments()
            if any(argument in {"--help", "-h", "help"} for argument in arguments):
                print(help_text(model, command, epilogue(), positional))
                sys.exit(0)
            status = main(parse(model, arguments, positional))
        if status == interruption.STATUS:
            if interruption.to_be_announced():
                _end_interrupted(command)  # asked when nothing was left that would have said so
            interruption.leave()
        sys.exit(status)
    except KeyboardInterrupt:
        _end_interrupted(command)
    except UsageError as error:
        _end(command, str(error))
    except BrokenPipeError:
        sys.stderr.close()  # the reader (head, less) has seen enough
        sys.exit(0)
    except OSError as error:
        if error.errno is None:
            raise
        _end(command, f"{error.filename or 'what is printed'}: {error.strerror or os.strerror(error.errno)}")
    except Exception:
        if not interruption.asked():
            raise
        _end_interrupted(command)  # what broke off in a library that has its own word for it


def _end(command: str, why: str) -> NoReturn:
    print(f"{command}: {plain(' '.join(why.split()))}", file=sys.stderr)
    sys.exit(2)


def _end_interrupted(command: str) -> NoReturn:
    print(f"{command}: interrupted; to continue, repeat it: {invocation.command()}", file=sys.stderr)
    interruption.leave()


def parse(model: type[Config], arguments: Sequence[str], positional: str | None = None) -> Config:
    """Builds the model from `key=value` arguments; dotted keys reach into nested models and sparse mappings.

    Raises:
        UsageError: an unknown or doubled key, a missing one, or a value of the wrong type.
    """
    values: dict[str, Any] = {}
    for argument in arguments:
        key, equals, text = argument.partition("=")
        if positional and not (equals and _looks_like_key(key)):
            key, text, equals = positional, argument, "="
        if not equals:
            word = argument.lstrip("-")
            advice = f"write {word}=..." if word in _keys(model) else suggest(word, _keys(model))
            raise UsageError(f"{argument!r} is not key=value; {advice}")
        _insert(model, values, key, text)
    return _validate(model, values)


def help_text(model: type[pydantic.BaseModel], command: str, epilogue: str = "", positional: str | None = None) -> str:
    """Every key with its default and one line of meaning."""
    rows: list[tuple[str, str]] = []
    for key, field in _flat(model):
        default = "(required)" if field.is_required() else f"[{_shown(field.get_default(call_default_factory=True))}]"
        options = _options(field.annotation)
        meaning = (field.description or "").strip()
        rows.append((f"{key}=", " ".join(part for part in (default, meaning, options) if part)))
    width = max(len(key) for key, _ in rows)
    tail = f' "{positional.upper()}"' if positional else ""
    lines = [f"usage: {command} key=value ...{tail}", "", (model.__doc__ or "").strip(), ""]
    lines += [f"  {key:<{width}} {meaning}" for key, meaning in rows]
    return "\n".join([*lines, *(["", epilogue.rstrip()] if epilogue else [])])


def _command_name() -> str:
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return f"python -m {spec.name.removesuffix('.__main__')}" if spec is not None else sys.argv[0]


def _looks_like_key(text: str) -> bool:
    return text.replace(".", "_").isidentifier()


def _insert(model: type[pydantic.BaseModel], values: dict[str, Any], key: str, text: str) -> None:
    field, path = _resolve(model, key)
    target = values
    for step in path[:-1]:
        target = target.setdefault(step, {})
    if path[-1] in target:
        raise UsageError(f"{key}={text}: {key} is given twice")
    target[path[-1]] = _value(field, key, text)


def _resolve(model: type[pydantic.BaseModel], key: str) -> tuple[FieldInfo, list[str]]:
    """The field that a dotted key names, and the path to it."""
    flat = dict(_flat(model))
    if key not in flat:
        raise UsageError(f"{key}=: no such key; {suggest(key, flat)}")
    return flat[key], key.split(".")


def _keys(model: type[pydantic.BaseModel]) -> list[str]:
    return [key for key, _ in _flat(model)]


def _flat(model: type[pydantic.BaseModel]) -> list[tuple[str, FieldInfo]]:
    flat: list[tuple[str, FieldInfo]] = []
    for name, field in model.model_fields.items():
        nested = _nested(field)
        if nested is None:
            flat.append((name, field))
        else:
            flat += [(f"{name}.{inner}", inner_field) for inner, inner_field in nested.model_fields.items()]
    return flat


def _nested(field: FieldInfo) -> type[pydantic.BaseModel] | None:
    extra = field.json_schema_extra
    if isinstance(extra, dict) and "sparse" in extra:
        return SPARSE[str(extra["sparse"])]
    if isinstance(field.annotation, type) and issubclass(field.annotation, pydantic.BaseModel):
        return field.annotation
    return None


def _value(field: FieldInfo, key: str, text: str) -> object:
    annotation: Any = field.annotation
    if text == "none" and _optional(annotation):
        return None
    sequence = get_origin(annotation) in {list, tuple, frozenset, set}
    given: object = [part for part in text.split(",") if part] if sequence else text
    try:
        return pydantic.TypeAdapter(_with_bounds(annotation, field.metadata)).validate_python(given)
    except pydantic.ValidationError as error:
        raise UsageError(f"{key}={text}: {_reason(error)}") from error


def _with_bounds(annotation: Any, metadata: Sequence[object]) -> Any:  # noqa: ANN401 - a type as a value
    for bound in metadata:
        annotation = Annotated[annotation, bound]
    return annotation


def _optional(annotation: object) -> bool:
    return get_origin(annotation) in {Union, types.UnionType} and type(None) in get_args(annotation)


def _reason(error: pydantic.ValidationError) -> str:
    message = error.errors()[0]["msg"]
    return message[0].lower() + message[1:]


def _options(annotation: object) -> str:
    return "|".join(str(value) for value in get_args(annotation)) if get_origin(annotation) is Literal else ""


def _shown(default: object) -> str:
    if default is None or default is PydanticUndefined:
        return "none"
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, list | tuple | set | frozenset):
        return ",".join(str(part) for part in default)
    return str(default)


def _validate(model: type[Config], values: dict[str, Any]) -> Config:
    try:
        return model.model_validate(values)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "missing":
            raise UsageError(f"{key}= is missing: {model.model_fields[key].description}; see --help") from error
        given = first["input"]
        text = ",".join(map(str, given)) if isinstance(given, list | tuple) else given
        raise UsageError(f"{key}={text}: {_reason(error)}" if key else _reason(error)) from error
