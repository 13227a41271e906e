# SPDX-License-Identifier: MIT
# ruff: noqa: E501, S607 - JavaScript in long lines; chromium and node are found by PATH
"""Pictures of every message, and the lint of its mail's CSS: docs/images/message-*.png, shown in docs/messages.md.

python benchmarks/pictures.py FOLDER    FOLDER is where npm put the renderers (Debian's Chromium must be there too):
    npm install --prefix FOLDER --ignore-scripts adaptivecards@3.0.6 slack-blocks-to-jsx@1.1.1 @jsx-email/doiuse-email \
        react react-dom esbuild
and `pip install pillow`.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageChops

from alerts.delivery import render, render_digest
from alerts.model import ChannelKind, Message
from tests.delivery.samples import approval, digest, miss, update

IMAGES = Path(__file__).parent.parent / "docs/images"
WIDE, PHONE = (760, 1700), (500, 2100)  # headless Chromium does not go below 500

SLACK_JS = """
import React from "react";
import { createRoot } from "react-dom/client";
import { Message } from "slack-blocks-to-jsx";
createRoot(document.getElementById("m")).render(
  React.createElement(Message, { blocks: window.payload.blocks, logo: "", name: "Oncowire", theme: window.theme }));
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
<div id="m" style="max-width:700px"></div><style>{css} a {{ color: {link} }} .ac-pushButton {{ margin: 2px; padding: 6px 12px }}</style>
<script>window.theme = "{theme}"; window.payload = {payload};</script><script>{script}</script></body>"""


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
    for name, make in messages.items():
        if only and name not in only:
            continue
        for channel in ChannelKind:
            message = make(channel)
            for theme in ("light", "dark"):
                _picture(_page(npm, message, scripts, theme), f"{channel.value}-{name}-{theme}", theme, WIDE)
            _picture(_page(npm, message, scripts, "light"), f"{channel.value}-{name}-phone", "light", PHONE)
    _lint(npm, {name: make(ChannelKind.EMAIL) for name, make in messages.items()})


def _page(npm: Path, message: Message, scripts: dict[ChannelKind, str], theme: str) -> str:
    if message.channel is ChannelKind.EMAIL:
        return message.html or ""
    styles = npm / "node_modules/slack-blocks-to-jsx/dist/style.css"
    css = styles.read_text(encoding="utf-8") if message.channel is ChannelKind.SLACK and styles.exists() else ""
    back, fore, link = ("#1a1d21", "#d1d2d3", "#7fb5ff") if theme == "dark" else ("#ffffff", "#1d1c1d", "#1264a3")
    # The renderer takes `verbatim` for "no markup at all"; Slack goes on reading markup and only links nothing by itself.
    payload = json.dumps(message.payload).replace("</", "<\\/").replace('"verbatim": true, ', "")
    script = scripts[message.channel].replace("</script", "<\\/script")
    return PAGE.format(back=back, fore=fore, link=link, css=css, theme=theme, payload=payload, script=script)


def _bundle(npm: Path, source: str) -> str:
    made = subprocess.run(
        [npm / "node_modules/.bin/esbuild", "--bundle", "--minify", "--define:process.env.NODE_ENV='production'", "--loader=js"],
        input=source, cwd=npm, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return made.stdout


def _picture(page: str, name: str, theme: str, size: tuple[int, int]) -> None:
    """Drawn on a tall page, cut to what is on it, and brought down to few colours."""
    target = IMAGES / f"message-{name}.png"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(page, encoding="utf-8")
        dark = (
            ["--blink-settings=preferredColorScheme=0"]
            if theme == "dark"
            else ["--blink-settings=preferredColorScheme=1"]
        )
        subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
             f"--user-data-dir={folder}/profile", *dark, f"--window-size={size[0]},{size[1]}", "--virtual-time-budget=4000",
             f"--screenshot={target}", f"file://{file}"],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
    drawn = Image.open(target).convert("RGB")
    empty = Image.new("RGB", drawn.size, drawn.getpixel((0, drawn.height - 1)))
    box = ImageChops.difference(drawn, empty).getbbox() or (0, 0, *drawn.size)
    drawn.crop((0, 0, drawn.width, min(box[3] + 12, drawn.height))).quantize(96, dither=Image.Dither.NONE).save(
        target, optimize=True
    )


def _lint(npm: Path, mails: dict[str, Message]) -> None:
    code = (
        'import { doIUseEmail } from "@jsx-email/doiuse-email";'
        'const r = doIUseEmail(require("fs").readFileSync(0, "utf8"), { emailClients: ["gmail.*", "outlook.*", "apple-mail.*"] });'
        "console.log(JSON.stringify(r));"
    )
    for name, mail in mails.items():
        bundled = subprocess.run(
            [npm / "node_modules/.bin/esbuild", "--bundle", "--platform=node", "--loader=js"],
            input=code, cwd=npm, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        with tempfile.NamedTemporaryFile("w", suffix=".cjs") as script:
            script.write(bundled)
            script.flush()
            made = subprocess.run(["node", script.name], input=mail.html, capture_output=True, text=True, check=True)
        found = json.loads(made.stdout)
        print(name, "success" if found["success"] else "errors", *found.get("errors", []), sep="\n  ")


if __name__ == "__main__":
    main()
