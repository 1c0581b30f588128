"""A web server in a thread that serves one file as Kaggle and its storage do, or as a bad network does."""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class Web:
    """What is served and how, changeable at any time.

    Attributes:
        body: the file.
        ranges: it goes on in the middle of the file.
        cuts: bytes after which the next answers break off, one each.
        status: of every answer; 200 serves the file.
        declares: `x-goog-hash`; None for the right one, "" for none.
        storage: `Location` that every request is sent on to.
        pages: what else is served, by path.
        requests: headers of each request.
        address: where it listens.
    """

    body: bytes = b""
    ranges: bool = True
    cuts: list[int] = field(default_factory=list)
    status: int = 200
    declares: str | None = None
    storage: str = ""
    pages: dict[str, bytes] = field(default_factory=dict)
    requests: list[dict[str, str]] = field(default_factory=list)
    address: str = ""

    def answer(self, to: BaseHTTPRequestHandler) -> None:
        self.requests.append(dict(to.headers))
        if to.path in self.pages:
            to.send_response(200)
            to.send_header("Content-Length", str(len(self.pages[to.path])))
            to.end_headers()
            to.wfile.write(self.pages[to.path])
            return
        if self.storage or self.status != 200:
            to.send_response(302 if self.storage else self.status)
            to.send_header("Location", self.storage)
            to.send_header("Content-Length", "0")
            to.end_headers()
            return
        wanted = to.headers.get("Range") if self.ranges else None
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if wanted and start >= len(self.body):
            to.send_response(416)
            to.send_header("Content-Length", "0")
            to.end_headers()
            return
        part = self.body[start:]
        to.send_response(206 if wanted else 200)
        if wanted:
            to.send_header("Content-Range", f"bytes {start}-{len(self.body) - 1}/{len(self.body)}")
        declares = f"crc32c=AAAAAA==, md5={md5(self.body)}" if self.declares is None else self.declares
        if declares:
            to.send_header("x-goog-hash", declares)
        to.send_header("Content-Length", str(len(part)))
        to.end_headers()
        to.wfile.write(part[: self.cuts.pop(0)] if self.cuts else part)


def md5(body: bytes) -> str:
    return base64.b64encode(hashlib.md5(body).digest()).decode()


@contextmanager
def serve(web: Web, host: str = "127.0.0.1") -> Iterator[Web]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            web.answer(self)

        def log_message(self, *words: object) -> None:
            pass

    with ThreadingHTTPServer((host, 0), Handler) as server:
        web.address = f"http://{host}:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield web
        finally:
            server.shutdown()
            thread.join()
