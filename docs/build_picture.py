"""Draws docs/card.png: the card of a fixture as an EHR would show it, photographed by a headless Chromium.

python docs/build_picture.py [chromium]
"""

from __future__ import annotations

import html
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parent.parent
FIXTURE = ROOT / "fhir_fixtures" / "r4-cauda-equina.response.json"
SHOWN_BLOCKS = 3  # why, what to do, what is not recorded: the rest of the card is below the fold
PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 28px; background: #e8edf2; font: 16px/1.45 "DejaVu Sans", Arial, sans-serif; color: #1b2733 }}
article {{ width: 820px; background: #fff; border-left: 10px solid #b3261e; border-radius: 8px; padding: 22px 28px; box-shadow: 0 2px 10px #0002 }}
h1 {{ font-size: 20px; margin: 0 0 6px }}
.source {{ color: #55626f; font-size: 13px; margin-bottom: 10px }}
p {{ margin: 12px 0 4px }} ul {{ margin: 4px 0 4px 22px; padding: 0 }} li {{ margin: 2px 0 }}
.more {{ color: #55626f; font-size: 14px; margin-top: 10px }}
button {{ font: inherit; font-weight: 600; margin: 14px 10px 0 0; padding: 9px 16px; border-radius: 6px; border: 1px solid #b3261e; background: #fff; color: #b3261e }}
button.recommended {{ background: #b3261e; color: #fff }}
</style><article><h1>{summary}</h1><div class="source">{source}</div>{detail}
<div class="more">{more}</div>{buttons}</article>"""  # noqa: E501


def main() -> None:
    """Write the page beside nothing, photograph it, and leave only the picture."""
    browser = sys.argv[1] if len(sys.argv) > 1 else "chromium"
    card = json.loads(FIXTURE.read_text(encoding="utf-8"))["cards"][0]
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "card.html"
        page.write_text(draw(card), encoding="utf-8")
        subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--force-device-scale-factor=1.5", "--window-size=934,680",
             f"--screenshot={ROOT / 'docs' / 'card.png'}", page.as_uri()],
            check=True, capture_output=True,
        )  # fmt: skip


def draw(card: dict[str, Any]) -> str:
    """The card as a page; the blocks that do not fit are named."""
    blocks = ("\n\n" + card["detail"]).split("\n\n**")[1:]
    shown = "\n\n".join(f"**{block}" for block in blocks[:SHOWN_BLOCKS])
    rest = ", ".join(block.split("**", 1)[0].lower() for block in blocks[SHOWN_BLOCKS:])
    buttons = "".join(
        f"<button{' class=recommended' if s.get('isRecommended') else ''}>{html.escape(s['label'])}</button>"
        for s in card["suggestions"]
    )
    return PAGE.format(
        summary=html.escape(card["summary"]),
        source=html.escape(card["source"]["label"]),
        detail=MarkdownIt("commonmark").render(shown),
        more=f"Below: {rest}",
        buttons=buttons,
    )


if __name__ == "__main__":
    main()
