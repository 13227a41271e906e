# SPDX-License-Identifier: MIT
# ruff: noqa: E501 - JavaScript in long lines
"""Pictures of every message: docs/images/message-*.png, shown in docs/messages.md.

python benchmarks/pictures.py FOLDER    FOLDER is where npm put the renderers (Debian's Chromium must be there too):
    npm install --prefix FOLDER --ignore-scripts adaptivecards@3.0.6 slack-blocks-to-jsx@1.1.1 react react-dom esbuild
"""

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser

from alerts.delivery import render, render_digest
from alerts.model import ChannelKind, Message
from tests.browser import chromium
from tests.delivery.samples import approval, digest, miss, update

IMAGES = Path(__file__).parent.parent / "docs/images"
WIDE_PX, PHONE_PX = 760, 390
Theme = Literal["light", "dark"]
ICON = Path(__file__).parent.parent / "alerts/console/static/icon.svg"
LOGO = "data:image/svg+xml;base64," + base64.b64encode(ICON.read_bytes()).decode()
THEMES: tuple[Theme, ...] = ("light", "dark")

SLACK_JS = """
import React from "react";
import { createRoot } from "react-dom/client";
import { Message } from "slack-blocks-to-jsx";
createRoot(document.getElementById("m")).render(
  React.createElement(Message, { blocks: window.payload.blocks, logo: window.logo, name: "Oncowire", theme: window.theme }));
"""
TEAMS_JS = """
import * as ac from "adaptivecards";
const dark = window.theme === "dark";
const tone = (c) => ({ default: c, subtle: c });
const colours = dark
  ? { default: { default: "#ffffff", subtle: "#c8c8c8" }, good: tone("#92c353"), attention: tone("#f9526b"), warning: tone("#f8d22a"), accent: tone("#a6a7dc") }
  : { default: { default: "#242424", subtle: "#616161" }, good: tone("#237b4b"), attention: tone("#c4314b"), warning: tone("#835c00"), accent: tone("#5b5fc7") };
const style = (bg) => ({ backgroundColor: bg, foregroundColors: colours });
const card = new ac.AdaptiveCard();
card.hostConfig = new ac.HostConfig({
  fontFamily: "Segoe UI, DejaVu Sans, sans-serif",
  spacing: { small: 8, default: 12, medium: 16, large: 20, padding: 16 },
  containerStyles: {
    default: style(dark ? "#292929" : "#ffffff"), emphasis: style(dark ? "#1f1f1f" : "#f5f5f5"),
    good: style(dark ? "#0d2e0d" : "#e7f2da"), attention: style(dark ? "#3b1519" : "#fcf4f6"),
    warning: style(dark ? "#463100" : "#fbf6d9"), accent: style(dark ? "#2f2f4a" : "#e8ebfa") } });
ac.AdaptiveCard.onProcessMarkdown = (text, result) => {
  const html = text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/(?<!\\\\)\\[((?:\\\\.|[^\\]])*)\\]\\((.*?)\\)/g, '<a href="$2">$1</a>')
    .replace(/\\*\\*(.*?)\\*\\*/g, "<b>$1</b>").replace(/\\\\(.)/g, "$1");
  result.outputHtml = html; result.didProcess = true;
};
const context = new ac.SerializationContext(ac.Versions.v1_4);
card.parse(window.payload.attachments[0].content, context);
const events = []; for (let n = 0; n < context.eventCount; n++) events.push(context.getEventAt(n).message);
document.title = "events: " + JSON.stringify(events.filter((e) => !e.includes("msteams")));
document.getElementById("m").appendChild(card.render());
"""
PAGE = """<!doctype html><meta charset="utf-8"><body style="margin:16px;background:{back};color:{fore};font-family:DejaVu Sans">
<div id="m" style="max-width:700px"></div><style>{css} a {{ color: {link} }} .ac-pushButton {{ margin: 2px; padding: 6px 12px }}
.ac-actionSet {{ flex-wrap: wrap }}</style>
<script>window.theme = "{theme}"; window.payload = {payload}; window.logo = "{logo}";</script><script>{script}</script></body>"""


def main() -> None:
    npm = Path(sys.argv[1]).resolve()
    messages: dict[str, Callable[[ChannelKind], Message]] = {
        "instant": lambda c: render(c, approval(), "<1@x>"),
        "update": lambda c: render(c, update(), "<2@x>"),
        "miss": lambda c: render(c, miss(), "<3@x>"),
        "digest": lambda c: render_digest(c, digest(why="quiet"), "<4@x>"),
    }
    scripts = {ChannelKind.SLACK: _bundle(npm, SLACK_JS), ChannelKind.TEAMS: _bundle(npm, TEAMS_JS)}
    only = sys.argv[2:]
    with chromium() as browser:
        for name, make in messages.items():
            for channel in ChannelKind if not only or name in only else ():
                message = make(channel)
                for theme in THEMES:
                    _picture(
                        browser, _page(npm, message, scripts, theme), f"{channel.value}-{name}-{theme}", theme, WIDE_PX
                    )
                _picture(
                    browser, _page(npm, message, scripts, "light"), f"{channel.value}-{name}-phone", "light", PHONE_PX
                )


def _page(npm: Path, message: Message, scripts: dict[ChannelKind, str], theme: str) -> str:
    if message.channel is ChannelKind.EMAIL:
        return message.html or ""
    styles = npm / "node_modules/slack-blocks-to-jsx/dist/style.css"
    css = styles.read_text(encoding="utf-8") if message.channel is ChannelKind.SLACK and styles.exists() else ""
    back, fore, link = ("#1a1d21", "#d1d2d3", "#7fb5ff") if theme == "dark" else ("#ffffff", "#1d1c1d", "#1264a3")
    # The renderer takes `verbatim` for "no markup at all"; Slack goes on reading markup and only links nothing by itself.
    payload = json.dumps(message.payload).replace("</", "<\\/").replace('"verbatim": true, ', "")
    script = scripts[message.channel].replace("</script", "<\\/script")
    return PAGE.format(back=back, fore=fore, link=link, css=css, theme=theme, payload=payload, script=script, logo=LOGO)


def _bundle(npm: Path, source: str) -> str:
    made = subprocess.run(
        [npm / "node_modules/.bin/esbuild", "--bundle", "--minify", "--define:process.env.NODE_ENV='production'", "--loader=js"],
        input=source, cwd=npm, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return made.stdout


def _picture(browser: Browser, page: str, name: str, theme: Theme, width: int) -> None:
    """As high as what is on it, brought down to few colours."""
    target = IMAGES / f"message-{name}.png"
    tab = browser.new_page(viewport={"width": width, "height": 300}, color_scheme=theme)
    tab.set_content(page)
    tab.wait_for_timeout(300)
    tab.screenshot(path=target, full_page=True)
    tab.close()
    with Image.open(target) as drawn:
        few = drawn.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    few.save(target, optimize=True)


if __name__ == "__main__":
    main()
