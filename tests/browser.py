# SPDX-License-Identifier: MIT
"""Debian's Chromium, as tests drive it: the console on a real port, what its policy refused, what axe finds."""

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from alerts.config import load
from alerts.console.app import create_app

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
WATCH = """window.refused = [];
document.addEventListener("securitypolicyviolation", e => window.refused.push(e.violatedDirective + " " + e.blockedURI));"""
MARKS = [
    pytest.mark.browser,
    pytest.mark.enable_socket,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.skipif(not shutil.which("chromium"), reason="Chromium is not installed (tests/chromium)"),
]


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def site(var_dir: Path) -> Iterator[str]:
    """Address of a real server over the store in `var_dir`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    app = create_app(load({"ONCOWIRE_VAR_DIR": str(var_dir), "ONCOWIRE_WEB_PORT": str(port)}))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:  # a test that failed must not leave the whole run waiting for its server
        server.should_exit = True
        thread.join()


@contextmanager
def visits(chromium: Browser, wait_s: float) -> Iterator[Callable[..., Page]]:
    """`open_page(address, cookies, **options)`: a page in a browser of its own, which watches for what the policy refuses."""
    contexts = []

    def open_page(address: str, cookies: Sequence[dict[str, Any]] = (), **options: Any) -> Page:
        context = chromium.new_context(**options)
        contexts.append(context)
        context.add_cookies(cookies)  # type: ignore[arg-type] # its own TypedDict is not exported
        context.add_init_script(WATCH)
        page = context.new_page()
        page.set_default_timeout(wait_s * 1000)
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()


def refused(page: Page) -> list[str]:
    """What the content policy refused on this page (WATCH must have been there from its start)."""
    found: list[str] = page.evaluate("window.refused")
    return found


def serious(page: Page) -> list[str]:
    """What axe calls serious or critical."""
    return [
        f"{v['id']} ({v['impact']}): {v['nodes'][0]['html'][:150]}"
        for v in Axe().run(page).response["violations"]
        if v["impact"] in {"serious", "critical"}
    ]
