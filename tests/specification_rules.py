"""The numbers of the rules in sections 2 and 8 of the guideline's specification, a Markdown file.

A numbered item has its number. Bullets, rows of tables, paragraphs and lines of code are counted on from there,
from the top of their section.
"""

import re
from collections.abc import Iterator

_NO_RULES = ("2.0",)  # what other sources say: the basis of the numbers
_INTRODUCTIONS = (
    "Hook `order-select`",
    "Codes seen in",
    "Starter finding codes",
    "**Condition**",
    "**Cancer**",
    "**Infection**",
    "**Order already adequate**",
)
_SECTION = re.compile(r"### ([28]\.\d+) ")
_INLINE = re.compile(r"\(\d\) ")


def rules_of_the_specification(text: str) -> list[str]:
    """The rules in their order, such as "2.7.1" and "8.5.9"."""
    section, found = "", 0
    rules = []
    for heading, rules_in_line in _read(text):
        if heading:
            section, found = heading, 0
        for _ in range(rules_in_line):
            found += 1
            rules.append(f"{section}.{found}")
    return rules


def _read(text: str) -> Iterator[tuple[str, int]]:
    """Each line as a section that begins, or as the number of rules that it holds."""
    section = table = code = False
    for line in text.splitlines():
        if line.startswith("#"):
            heading = _SECTION.match(line)
            section = heading is not None and heading[1] not in _NO_RULES
            table = code = False
            yield (heading[1] if heading and section else ""), 0
            continue
        if line.startswith("```"):
            code = not code
            continue
        if not section:
            continue
        if line.startswith("|"):
            is_ruler = set(line) <= set("|- ")
            yield "", int(table and not is_ruler)
            table = table or is_ruler
            continue
        table = False
        if code:
            yield "", int(bool(line.strip()))
        elif line.strip() and line != "---" and not line.startswith(("   ", *_INTRODUCTIONS)):
            yield "", len(_INLINE.findall(line)) if line.startswith("Rules:") else 1
