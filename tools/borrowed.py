"""Refuses `X = X` in a class body, where X is the module's: the other passes take each X there for the
class's own and give the module's another name, or none, so the device would not find it.
"""

import ast
from collections.abc import Iterable

from tools.program import Program, Unsure
from tools.scopes import COMPREHENSIONS, bound_names


def refuse_borrowed(program: Program) -> None:
    """Unsure names the place."""
    for name, tree in program.modules.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                _Body(name, node).read(node.body)


class _Body(ast.NodeVisitor):
    """A class body in the order in which it runs; what its functions do comes later."""

    def __init__(self, module: str, scope: ast.ClassDef) -> None:
        self._module, self._later = module, bound_names(scope)

    def read(self, nodes: Iterable[ast.AST | None]) -> None:
        for node in nodes:
            if node:
                self.visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._later.discard(node.id)
        elif node.id in self._later:
            raise Unsure(f"{self._module}:{node.lineno}: {node.id} is not yet the class's own here")

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.visit_Name(ast.Name(node.target.id, ast.Load(), lineno=node.lineno))
        self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.read([node.value, *node.targets])

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.read([node.value, node.target] if node.value else [])

    def visit_Lambda(self, node: ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.read([*node.args.defaults, *node.args.kw_defaults])

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.read(node.decorator_list)
        self.visit_Lambda(node)
        self._later.discard(node.name)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.read([*node.decorator_list, *node.bases])
        self._later.discard(node.name)

    def generic_visit(self, node: ast.AST) -> None:
        if isinstance(node, COMPREHENSIONS):
            self.visit(node.generators[0].iter)
        else:
            super().generic_visit(node)
