# SPDX-License-Identifier: MIT
"""A TCP port in front of the broker's socket whose connections can be cut half: alive for both ends, silent for good."""

import contextlib
import select
import socket
import threading
from pathlib import Path

from tests.chaos.receivers import LOOPBACK


class Proxy:
    """Forwards until `cut`: from then on the connections that exist carry nothing more, new ones work."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._generation = 0
        self._listener = socket.create_server((LOOPBACK, 0), backlog=64)
        self.host = f"{LOOPBACK}:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def cut(self) -> None:
        self._generation += 1

    def close(self) -> None:
        self._generation = -1
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._forward, args=(client, self._generation), daemon=True).start()

    def _forward(self, client: socket.socket, generation: int) -> None:
        with client, contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as server:
            server.connect(str(self._target))
            other = {client: server, server: client}
            while self._generation == generation:
                readable, _, _ = select.select([client, server], [], [], 0.2)
                for end in readable:
                    data = end.recv(65536)
                    if not data:
                        return
                    other[end].sendall(data)
            while self._generation > generation and client.fileno() >= 0:  # half-open: nobody says goodbye
                threading.Event().wait(1.0)
