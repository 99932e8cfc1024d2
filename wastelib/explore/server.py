"""A page on this machine: drop a photograph, see what a trained model makes of it.

Python's own server, since one page and one question need no framework, and nothing that
fetches fonts, counts users or opens a tunnel can come along.
"""

import base64
import contextlib
import json
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np

from wastelib.data.images import UnreadableImageError
from wastelib.displays.answers import overlaid
from wastelib.errors import WasteError
from wastelib.explore.expert import Expert, Opinion

PAGE = Path(__file__).parents[2] / "report" / "templates" / "demo"
HOST = "127.0.0.1"  # this machine only
LARGEST_BYTES = 30_000_000  # of a photograph
SILENT_SECONDS = 20  # after which an upload that stopped is given up
FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/style.css": ("style.css", "text/css; charset=utf-8"),
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def serve(expert: Expert, about: dict, port: int) -> ThreadingHTTPServer:
    """A server that listens on `port` (0: any that is free); `serve_forever` answers.

    `about` is shown on the page: model, data, threshold (0..1 or None), wanted_accuracy.
    Raises `WasteError` if the port is taken.
    """
    one_at_a_time = threading.Lock()

    class Handler(_Handler):
        def ask(self, file: Path) -> dict:
            with one_at_a_time:
                return _told(expert.asked(file))

        def about(self) -> dict:
            return about

    try:
        return ThreadingHTTPServer((HOST, port), Handler)
    except OSError as error:
        raise WasteError(
            f"the page cannot be served on port {port}: {error.strerror}",
            remedy="stop the program that has this port, or give another one: --port",
        ) from error


class _Handler(BaseHTTPRequestHandler):
    timeout = SILENT_SECONDS

    def handle(self) -> None:
        """Answer; who asked may have left meanwhile, which is nobody's mistake."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        if self._is_foreign():
            return
        if self.path == "/about":
            self._answer(200, self.about())
        elif self.path in FILES:
            name, kind = FILES[self.path]
            self._send(200, (PAGE / name).read_bytes(), kind)
        else:
            self._answer(404, {"problem": "There is nothing here."})

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self._is_foreign():
            return
        if self.path != "/ask" or not (length.isascii() and length.isdigit()):
            self._answer(400, {"problem": "Send one photograph to /ask."})
        elif len(length) > len(str(LARGEST_BYTES)) or int(length) > LARGEST_BYTES:
            most = LARGEST_BYTES // 1_000_000
            self._answer(413, {"problem": f"The file is larger than {most} MB."})
        else:
            self._answer(*self._asked(self.rfile.read(int(length))))

    def _asked(self, content: bytes) -> tuple[int, dict]:
        with tempfile.TemporaryDirectory(prefix="wastelib-demo-") as folder:
            file = Path(folder) / "photograph"
            file.write_bytes(content)
            try:
                return 200, self.ask(file)
            except UnreadableImageError as error:
                return 422, {"problem": f"This is no photograph that can be read: {error}."}
            except MemoryError:
                return 422, {"problem": "The photograph needs more memory than there is."}

    def _is_foreign(self) -> bool:
        """Answer 403 to pages of other origins, and to names that only lead to this machine."""
        own = {f"{name}:{self.server.server_address[1]}" for name in (HOST, "localhost")}
        host, origin = self.headers.get("Host"), self.headers.get("Origin")
        if host in own and (origin is None or origin.removeprefix("http://") in own):
            return False
        self._answer(403, {"problem": "Only the page itself may ask."})
        return True

    def _answer(self, status: int, told: dict) -> None:
        self._send(status, json.dumps(told).encode(), "application/json")

    def _send(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(content)),
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_) -> None:
        """Nothing: what somebody looked at is nobody's business."""


def _told(opinion: Opinion) -> dict:
    shares = zip(opinion.classes, map(float, opinion.probabilities), strict=True)
    return {
        "answer": opinion.answer,
        "likeliest": opinion.likeliest,
        "shares": sorted(shares, key=lambda share: -share[1]),
        "photograph": _picture(opinion.photograph),
        "heat": _picture(overlaid(opinion.photograph, opinion.heat)),
    }


def _picture(rgb: np.ndarray) -> str:
    encoded = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1]
    return "data:image/png;base64," + base64.b64encode(encoded.tobytes()).decode()
