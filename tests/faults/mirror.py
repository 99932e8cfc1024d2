"""A web server on this machine that misbehaves as it is told, and counts what it sends."""

import contextlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Mirror:
    """One file and one server's faults. `cuts` and `statuses` are used up, one a request."""

    body: bytes
    url: str = ""
    cuts: list[int] = field(default_factory=list)  # close after this many bytes
    statuses: list[int] = field(default_factory=list)  # answer with this status only
    takes_ranges: bool = True
    range_shift: int = 0  # answer with a range that begins this much later
    states_length: bool = True
    etag: str | None = '"first"'
    hangs_after: int | None = None  # go silent after this many bytes, until `released`
    released: threading.Event = field(default_factory=threading.Event)
    requests: list[dict[str, str]] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)  # bytes of the body, for each request

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.requests.append(dict(handler.headers))
        self.sent.append(0)
        if self.statuses:
            handler.send_error(self.statuses.pop(0))
            return
        begun = self._begun(handler)
        if begun is None:
            handler.send_error(416)
            return
        content = self.body[begun:]
        if self.states_length:
            handler.send_header("Content-Length", str(len(content)))
        if self.etag:
            handler.send_header("ETag", self.etag)
        handler.end_headers()
        self._send(handler, content)

    def _begun(self, handler: BaseHTTPRequestHandler) -> int | None:
        asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        same = handler.headers.get("If-Range", self.etag) == self.etag
        if not (asked and self.takes_ranges and same):
            handler.send_response(200)
            return 0
        begun, size = int(asked[1]) + self.range_shift, len(self.body)
        if begun >= size:
            return None
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes {begun}-{size - 1}/{size}")
        return begun

    def _send(self, handler: BaseHTTPRequestHandler, content: bytes) -> None:
        stop = self.cuts.pop(0) if self.cuts else len(content)
        with contextlib.suppress(ConnectionError):  # the other side was killed
            for start in range(0, min(stop, len(content)), 1000):
                if self.hangs_after is not None and start >= self.hangs_after:
                    handler.wfile.flush()
                    self.released.wait(20)
                    return
                piece = content[start : min(start + 1000, stop)]
                handler.wfile.write(piece)
                self.sent[-1] += len(piece)


@contextlib.contextmanager
def serving(body: bytes, **faults) -> Iterator[Mirror]:
    """Serve `body` until the block ends."""
    mirror = Mirror(body, **faults)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            mirror.answer(self)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    mirror.url = f"http://127.0.0.1:{server.server_address[1]}/photographs.zip"
    try:
        yield mirror
    finally:
        mirror.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
