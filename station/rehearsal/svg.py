"""A few verbs that make an SVG picture, on the standard library's XML; no scripts, no outside fonts."""

from collections.abc import Iterable
from xml.etree import ElementTree

FONT = "'Noto Sans CJK SC','Noto Sans SC','Microsoft YaHei','PingFang SC',sans-serif"
Point = tuple[float, float]


class Svg:
    def __init__(self, width: int) -> None:
        self.width = width
        self.root = ElementTree.Element("svg", {"xmlns": "http://www.w3.org/2000/svg"})
        self._defs = ElementTree.SubElement(self.root, "defs")

    def hatch(self, name: str, colour: str, back: str) -> str:
        """A fill of slanting lines: states stay apart in a print without colours."""
        size = {"width": "6", "height": "6", "patternUnits": "userSpaceOnUse"}
        turn = {"id": name, "patternTransform": "rotate(45)", **size}
        pattern = ElementTree.SubElement(self._defs, "pattern", turn)
        ElementTree.SubElement(pattern, "rect", {"width": "6", "height": "6", "fill": back})
        ElementTree.SubElement(pattern, "rect", {"width": "2.2", "height": "6", "fill": colour})
        return f"url(#{name})"

    def rect(self, x: float, y: float, width: float, height: float, **style: str) -> ElementTree.Element:
        box = {"x": _n(x), "y": _n(y), "width": _n(width), "height": _n(height)}
        return self._add("rect", box | _names(style))

    def line(self, x1: float, y1: float, x2: float, y2: float, **style: str) -> None:
        self._add("line", {"x1": _n(x1), "y1": _n(y1), "x2": _n(x2), "y2": _n(y2)} | _names(style))

    def path(self, points: Iterable[Point], **style: str) -> None:
        data = " ".join(f"{'L' if at else 'M'}{_n(x)} {_n(y)}" for at, (x, y) in enumerate(points))
        self._add("path", {"d": data, "fill": "none", "stroke-linejoin": "round"} | _names(style))

    def text(self, x: float, y: float, words: str, size: int = 12, **style: str) -> None:
        style = {"fill": "#222222"} | style
        self._add("text", {"x": _n(x), "y": _n(y), "font-size": str(size)} | _names(style)).text = words

    def finish(self, height: float) -> str:
        """The whole file, `height` high."""
        size = {"width": str(self.width), "height": _n(height), "viewBox": f"0 0 {self.width} {_n(height)}"}
        for name, value in (size | {"font-family": FONT, "role": "img"}).items():
            self.root.set(name, value)
        paper = ElementTree.Element("rect", {"width": "100%", "height": "100%", "fill": "#ffffff"})
        self.root.insert(1, paper)
        ElementTree.indent(self.root, " ")
        return ElementTree.tostring(self.root, encoding="unicode", xml_declaration=False) + "\n"

    def title(self, words: str) -> None:
        ElementTree.SubElement(self.root, "title").text = words

    def _add(self, name: str, attributes: dict[str, str]) -> ElementTree.Element:
        return ElementTree.SubElement(self.root, name, attributes)


def hint(element: ElementTree.Element, words: str) -> None:
    """What a viewer shows when the pointer rests on it."""
    ElementTree.SubElement(element, "title").text = words


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _names(style: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in style.items()}
