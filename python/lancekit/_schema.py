from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from lancekit import _native

_NULLABLE = 2
_PLAIN = {
    'n': 'null', 'b': 'bool', 'c': 'int8', 'C': 'uint8', 's': 'int16', 'S': 'uint16', 'i': 'int32', 'I': 'uint32', 'l': 'int64',
    'L': 'uint64', 'e': 'halffloat', 'f': 'float', 'g': 'double', 'z': 'binary', 'Z': 'large_binary', 'u': 'string', 'U': 'large_string',
    'tdD': 'date32[day]', 'tdm': 'date64[ms]', '+s': 'struct', '+l': 'list', '+L': 'large_list', '+m': 'map'}
_UNITS = {'s': 's', 'm': 'ms', 'u': 'us', 'n': 'ns'}


class Field:
    """A column, or a child of one."""

    def __init__(self, name: str, type: str, nullable: bool, children: tuple[Field, ...]) -> None:
        self.name = name
        #: as Arrow names it: 'int64', 'list<item: string>', 'timestamp[us, tz=UTC]', ...
        self.type = type
        self.nullable = nullable
        self.children = children

    def __str__(self) -> str:
        return f'{self.name}: {self.type}{"" if self.nullable else " not null"}'

    def __repr__(self) -> str:
        return f'<lancekit.Field {self}>'

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Field) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


def _type_name(schema: Any, children: tuple[Field, ...]) -> str:
    text: str = schema.format.decode()
    inner = ', '.join(map(str, children))
    if schema.dictionary:
        values = _type_name(schema.dictionary.contents, _children(schema.dictionary.contents))
        return f'dictionary<values={values}, indices={_PLAIN[text]}>'
    if text == '+m' and len(children) == 1 and len(children[0].children) == 2:
        return f'map<{", ".join(child.type for child in children[0].children)}>'
    if text in _PLAIN:
        return f'{_PLAIN[text]}<{inner}>' if text[0] == '+' else _PLAIN[text]
    kind, _, rest = text.partition(':')
    if kind == 'w':
        return f'fixed_size_binary[{rest}]'
    if kind == '+w':
        return f'fixed_size_list<{inner}>[{rest}]'
    if kind == 'd':
        precision, scale, *bits = rest.split(',')
        return f'decimal{bits[0] if bits else 128}({precision}, {scale})'
    unit = _UNITS.get(kind[2:3], '')
    if kind[:2] == 'ts':
        return f'timestamp[{unit}, tz={rest}]' if rest else f'timestamp[{unit}]'
    if kind[:2] == 'tt':
        return f'time{"32" if unit in ("s", "ms") else "64"}[{unit}]'
    if kind[:2] == 'tD':
        return f'duration[{unit}]'
    return text


def _children(schema: Any) -> tuple[Field, ...]:
    return tuple(_field(schema.children[i].contents) for i in range(schema.n_children))


def _field(schema: Any) -> Field:
    children = _children(schema)
    return Field(_native.decode(schema.name), _type_name(schema, children), bool(schema.flags & _NULLABLE), children)


class Schema:
    """The columns of a table or of rows; pyarrow.schema() takes it as it is."""

    def __init__(self, make_capsule: Callable[[], object]) -> None:
        self._make_capsule = make_capsule
        capsule = make_capsule()
        self._fields = _children(_native.schema_of(capsule).contents)

    def __arrow_c_schema__(self) -> object:
        return self._make_capsule()

    @property
    def names(self) -> list[str]:
        return [field.name for field in self._fields]

    @property
    def fields(self) -> tuple[Field, ...]:
        return self._fields

    def __len__(self) -> int:
        return len(self._fields)

    def __iter__(self) -> Iterator[Field]:
        return iter(self._fields)

    def __getitem__(self, index: int) -> Field:
        return self._fields[index]

    def __eq__(self, other: object) -> bool:
        """Names, types and nullability; metadata is not compared."""
        return isinstance(other, Schema) and self._fields == other._fields

    def __hash__(self) -> int:
        return hash(self._fields)

    def __str__(self) -> str:
        return '\n'.join(map(str, self._fields))

    def __repr__(self) -> str:
        return f'<lancekit.Schema>\n{self}'
