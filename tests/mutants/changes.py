"""Mutants of a source file, by the operators of mutmut.

mutmut's own runner does not fit (`docs/decisions.md`), but its operators do. They are applied
inside functions, decorated ones too. Data at module and class level stays unchanged, and so do
texts that only an operator reads: those that are logged, raised or asserted with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
from libcst import matchers as m
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import Mutation, MutationVisitor, OuterFunctionProvider
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

#: Calls whose mutants mean nothing: logging, and what only a type checker reads.
_MEANINGLESS = m.Call(
    func=m.Attribute(value=m.Name("_log") | m.Name("log")) | m.Name("cast") | m.Name("assert_never")
)
_NO_CODE = IgnoredCode(no_mutate_lines=set(), ignore_node_lines=set(), ignore_pattern_lines=set())


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change of one function."""

    path: Path
    #: As in `__qualname__`.
    function: str
    #: The number of the change within its function.
    number: int
    #: A hash of the function's code: a verdict on a mutant holds as long as this is the same.
    stamp: str
    #: The first line of the change, from 1.
    line: int
    before: cst.CSTNode
    after: cst.CSTNode
    module: cst.Module

    @property
    def name(self) -> str:
        """Unique in the tree, and the same as long as its function is unchanged."""
        return f"{self.path}:{self.function}#{self.number}@{self.stamp}"

    def source(self) -> str:
        """The whole file with the change."""
        changed = self.module.deep_replace(self.before, self.after)
        assert isinstance(changed, cst.Module)
        return changed.code


def mutants(path: Path) -> Iterator[Mutant]:
    """Every mutant of a file."""
    wrapper = MetadataWrapper(cst.parse_module(path.read_text("utf-8")))
    visitor = _Visitor()
    wrapper.visit(visitor)
    functions = dict(_functions(wrapper.module, ""))
    seen: dict[cst.FunctionDef, int] = {}
    stamps = {f: _stamp(wrapper.module.code_for_node(f)) for f in functions}
    for mutation, line in zip(visitor.mutations, visitor.lines, strict=True):
        function = mutation.contained_by_top_level_function
        if not isinstance(function, cst.FunctionDef) or function not in functions:
            continue
        if "store" in path.parts and _is_in_other_case(mutation):
            continue
        seen[function] = seen.get(function, 0) + 1
        yield Mutant(
            path=path,
            function=functions[function],
            number=seen[function],
            stamp=stamps[function],
            line=line,
            before=mutation.original_node,
            after=mutation.mutated_node,
            module=wrapper.module,
        )


def _functions(
    body: cst.Module | cst.ClassDef, prefix: str
) -> Iterator[tuple[cst.FunctionDef, str]]:
    """Functions and methods with their qualified names; nested ones belong to the outer one."""
    statements = body.body if isinstance(body, cst.Module) else body.body.body
    for node in statements:
        if isinstance(node, cst.FunctionDef):
            yield node, prefix + node.name.value
        elif isinstance(node, cst.ClassDef):
            yield from _functions(node, f"{prefix}{node.name.value}.")


def _is_in_other_case(mutation: Mutation) -> bool:
    """Whether only upper and lower case differ, which is the same to SQL and its columns."""
    before, after = mutation.original_node, mutation.mutated_node
    if not isinstance(before, cst.SimpleString) or not isinstance(after, cst.SimpleString):
        return False
    return before.value.casefold() == after.value.casefold()


def _stamp(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()[:8]


class _Visitor(MutationVisitor):
    """mutmut's visitor, extended to decorated functions and with line numbers."""

    METADATA_DEPENDENCIES = (PositionProvider, OuterFunctionProvider)

    def __init__(self) -> None:
        super().__init__(mutation_operators, _NO_CODE)
        self.lines: list[int] = []
        self._texts: set[cst.CSTNode] = set()

    def _create_mutations(self, node: cst.CSTNode) -> None:
        super()._create_mutations(node)
        position = self.get_metadata(PositionProvider, node)
        assert isinstance(position, CodeRange)
        line = position.start.line
        self.lines += [line] * (len(self.mutations) - len(self.lines))

    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef):
            return False
        if isinstance(node, cst.Assert) and node.msg is not None:
            self._texts.add(node.msg)
        if node in self._texts:
            return True
        # A default is evaluated once, with the module, so it is data.
        is_skipped = isinstance(node, cst.Decorator | cst.Parameters | cst.Raise)
        return is_skipped or m.matches(node, _MEANINGLESS) or super()._skip_node_and_children(node)
