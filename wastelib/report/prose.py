"""Markdown -> pandoc's syntax tree -> HTML or Typst, each step for many texts in one call.

A tree is what `pandoc -t json` calls blocks: a list of nodes {"t": type, "c": content}.
Raw HTML and TeX in the Markdown become the text they were typed as, so nothing that a
dataset puts into prose reaches a page unescaped.
"""

import hashlib
import json
from collections.abc import Callable, Iterator

import pypandoc

from wastelib.errors import WasteError

Node = dict
MARKDOWN = "commonmark+pipe_tables+tex_math_dollars+strikeout+task_lists"
SAFE_LINKS = ("https://", "http://", "mailto:", "#")
CUTS = {"html5": ("html", "<!--{}-->"), "typst": ("typst", "// {}")}


def parse(texts: list[str]) -> list[list[Node]]:
    """One tree for each Markdown text."""
    mark = _mark(texts)
    together = _tree(f"\n\n{mark}\n\n".join(texts))
    cut = {"t": "Para", "c": [{"t": "Str", "c": mark}]}
    trees: list[list[Node]] = [[]]
    for node in together:
        if node == cut:
            trees.append([])
        else:
            trees[-1].append(node)
    if len(trees) != len(texts):  # an unclosed code fence took the marks that came after it
        trees = [_tree(text) for text in texts]
    return [[_harmless(node) for node in tree] for tree in trees]


def render(trees: list[list[Node]], chapters: list[str], to: str) -> list[str]:
    """The trees as 'html5' (headings one level lower, formulas as MathML) or as 'typst'.

    `chapters` names the chapter of each tree. Raises `WasteError` naming the chapter of a
    formula that cannot be set.
    """
    mark = _mark(trees)
    form, cut = CUTS[to]
    cut = cut.format(mark)
    together: list[Node] = []
    for tree in trees:
        together += [{"t": "RawBlock", "c": [form, cut]}, *tree]
    try:
        markup = _written(together, to)
    except RuntimeError:
        for tree, chapter in zip(trees, chapters, strict=True):
            _refuse_unwritable(tree, chapter, to)
        raise
    return [part.strip() for part in markup.split(cut)[1:]]


def text(nodes: object) -> str:
    """What a tree says, without its markup."""
    pieces = []
    for node in walk(nodes):
        kind, content = node["t"], node.get("c")
        if kind == "Str":
            pieces.append(content)
        elif kind in ("Space", "SoftBreak", "LineBreak"):
            pieces.append(" ")
        elif kind in ("Code", "Math"):
            pieces.append(content[1])
    return "".join(pieces)


def walk(nodes: object) -> Iterator[Node]:
    """Every node in a tree, parents first."""
    if isinstance(nodes, dict):
        yield nodes
        yield from walk(nodes.get("c"))
    elif isinstance(nodes, list):
        for node in nodes:
            yield from walk(node)


def paragraph(words: str) -> Node:
    """A paragraph of plain text."""
    return {"t": "Para", "c": [{"t": "Str", "c": words}]}


def heading(level: int, words: str) -> Node:
    """A heading of plain text, without an id yet."""
    return {"t": "Header", "c": [level, ["", [], []], [{"t": "Str", "c": words}]]}


def relink(tree: list[Node], target_of: Callable[[str], str]) -> list[Node]:
    """The tree with every link's target replaced; links nobody can follow become text."""

    def change(node: Node) -> Node:
        if node["t"] != "Link":
            return node
        attributes, words, (target, title) = node["c"]
        target = target_of(target)
        if target.startswith(SAFE_LINKS):
            return {"t": "Link", "c": [attributes, words, [target, title]]}
        return {"t": "Span", "c": [["", [], []], words]}

    return _changed(tree, change)


def with_spoken_formulas(tree: list[Node]) -> list[Node]:
    """The tree for Typst, with every formula's TeX as its alternative text."""

    def change(node: Node) -> Node:
        if node["t"] != "Math":
            return node
        words = "".join(filter(str.isprintable, node["c"][1]))
        spoken = json.dumps(words, ensure_ascii=False)  # the same escapes in Typst
        around = [f"#spoken({spoken})[", "]"]
        before, after = ({"t": "RawInline", "c": ["typst", mark]} for mark in around)
        return {"t": "Span", "c": [["", [], []], [before, node, after]]}

    return _changed(tree, change)


def _harmless(node: Node) -> Node:
    """Raw markup as text, wide tables in a box that scrolls."""

    def change(node: Node) -> Node:
        if node["t"] == "RawInline":
            return {"t": "Str", "c": node["c"][1]}
        if node["t"] == "RawBlock":
            return paragraph(node["c"][1])
        if node["t"] == "Table":
            return {"t": "Div", "c": [["", ["scroll"], [["tabindex", "0"]]], [node]]}
        return node

    return _changed(node, change)


def _changed(nodes: object, change: Callable[[Node], Node]):
    """A copy of a tree with `change` applied to every node, children first."""
    if isinstance(nodes, list):
        return [_changed(node, change) for node in nodes]
    if not isinstance(nodes, dict):
        return nodes
    inner = {"c": _changed(nodes["c"], change)} if "c" in nodes else {}
    return change({**nodes, **inner})


def _tree(markdown: str) -> list[Node]:
    return json.loads(pypandoc.convert_text(markdown, "json", format=MARKDOWN))["blocks"]


def _written(tree: list[Node], to: str) -> str:
    document = {"pandoc-api-version": [1, 23, 1], "meta": {}, "blocks": tree}
    options = ["--fail-if-warnings", "--wrap=none", "--syntax-highlighting=none"]
    if to == "html5":
        options += ["--mathml", "--shift-heading-level-by=1"]
    written = pypandoc.convert_text(json.dumps(document), to, format="json", extra_args=options)
    # A formula on a line of its own scrolls where it is too wide, by keyboard too.
    return written.replace('<math display="block"', '<math display="block" tabindex="0"')


def _refuse_unwritable(tree: list[Node], chapter: str, to: str) -> None:
    try:
        _written(tree, to)
    except RuntimeError as error:
        reason = str(error).partition("conversion: ")[2] or str(error)
        raise WasteError(
            f"pandoc cannot set this prose: {reason.strip()}",
            where=f"chapter '{chapter}'",
            remedy="correct the formula in the notebook",
        ) from error


def _mark(value: object) -> str:
    """A word that does not occur in `value`, the same each time."""
    return "cut" + hashlib.sha256(json.dumps(value).encode()).hexdigest()
