"""Follows the scopes of Python: which names in a module are the module's own, and which a function's."""

import ast

from tools.program import FUNCTIONS

SCOPES = (*FUNCTIONS, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
NESTED = (*SCOPES, *COMPREHENSIONS, ast.ClassDef)


def bound_names(scope: ast.AST) -> set[str]:
    """Names that a function, lambda, class or module binds itself."""
    out: set[str] = set()
    free: set[str] = set()
    if isinstance(scope, SCOPES):
        arguments = scope.args
        every = [
            *arguments.posonlyargs,
            *arguments.args,
            *arguments.kwonlyargs,
            arguments.vararg,
            arguments.kwarg,
        ]
        out.update(each.arg for each in every if each)
    body = scope.body if isinstance(scope.body, list) else [scope.body]  # type: ignore[attr-defined]
    todo: list[ast.AST] = list(body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            out.add(node.id)
        elif isinstance(node, ast.alias):
            out.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            out.add(node.name)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            free.update(node.names)
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            out.add(node.name)
        if not isinstance(node, NESTED):
            todo.extend(ast.iter_child_nodes(node))
    return out - free


class Walker(ast.NodeTransformer):
    """Follows scopes; `top_name` is called for each name that is the module's, not a function's."""

    def __init__(self) -> None:
        self.scopes: list[tuple[bool, set[str]]] = []  # (is it a class, names bound)

    def is_local(self, name: str) -> bool:
        inner = len(self.scopes) - 1
        return any(name in bound and (not cls or at == inner) for at, (cls, bound) in enumerate(self.scopes))

    def top_name(self, name: str) -> ast.expr | str:
        return name

    def _within(self, scope: ast.AST, bound: set[str], fields: tuple[str, ...]) -> None:
        self.scopes.append((isinstance(scope, ast.ClassDef), bound))
        for field in fields:
            value = getattr(scope, field)
            if isinstance(value, list):
                value[:] = [self.visit(each) for each in value]
            else:
                setattr(scope, field, self.visit(value))
        self.scopes.pop()

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.decorator_list = [self.visit(each) for each in node.decorator_list]
        node.returns = None
        if not self.is_local(node.name):
            node.name = str(self.top_name(node.name))
        return self.visit_Lambda(node)

    visit_FunctionDef = visit_AsyncFunctionDef = _function

    def visit_Lambda(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> ast.AST:
        arguments = node.args
        arguments.defaults = [self.visit(each) for each in arguments.defaults]
        arguments.kw_defaults = [each and self.visit(each) for each in arguments.kw_defaults]
        self._within(node, bound_names(node), ("body",))
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.decorator_list = [self.visit(each) for each in node.decorator_list]
        node.bases = [self.visit(each) for each in node.bases]
        if not self.is_local(node.name):
            node.name = str(self.top_name(node.name))
        self._within(node, bound_names(node), ("body",))
        return node

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> ast.AST:
        first = node.generators[0]
        first.iter = self.visit(first.iter)
        targets = [each for g in node.generators for each in ast.walk(g.target)]
        bound = {each.id for each in targets if isinstance(each, ast.Name)}
        fields = ("key", "value") if isinstance(node, ast.DictComp) else ("elt",)
        kept, first.iter = first.iter, ast.Constant(None)
        self._within(node, bound, (*fields, "generators"))
        first.iter = kept
        return node

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if self.is_local(node.id):
            return node
        found = self.top_name(node.id)
        if isinstance(found, str):
            node.id = found
            return node
        return found

    def visit_Global(self, node: ast.Global) -> ast.AST:
        node.names = [str(self.top_name(name)) for name in node.names]
        return node
