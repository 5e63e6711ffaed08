"""ClickHouse's HTTP interface, as far as its Go client needs it, in front of chDB: ClickHouse itself, in a process.
What stands in for a ClickHouse server when `npm run test:scale` runs.   python server.py PORT DATA_FOLDER"""

import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import chdb

port, folder = int(sys.argv[1]), sys.argv[2]
connection = chdb.connect(folder)
one_at_a_time = threading.Lock()


def text(value: str) -> bytes:
    return bytes([len(value)]) + value.encode()


def greeting() -> bytes:
    """The first answer is a block of protocol 54460, whatever the server is: with a header, and a byte more a column.
    Revision 0 asks for plain blocks from then on."""
    version = connection.query("SELECT version()", "TSV").bytes().decode().strip()
    values = {"name": text("chDB"), "version": text(version), "revision": bytes(4), "timezone": text("UTC")}
    block = b"\x01\x00\x02\xff\xff\xff\xff\x00" + bytes([len(values), 1])
    for name, value in values.items():
        block += text(name) + text("UInt32" if name == "revision" else "String") + b"\x00" + value
    return block


def insert(sql: str, rows: bytes) -> bytes:
    """chDB takes statements as text, and a block of rows is none: it is read from a file."""
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".native") as file:
        file.write(rows)
        file.flush()
        connection.query(f"{sql.rsplit('FORMAT', 1)[0]} SELECT * FROM file('{file.name}', 'Native')")
    return b""


def run(query: dict, body: bytes) -> bytes:
    if "query" in query:
        return insert(query["query"], body)
    if body.startswith(b"SELECT displayName()"):
        return greeting()
    parameters = {name[len("param_") :]: value for name, value in query.items() if name.startswith("param_")}
    return connection.query(body.decode(), query.get("default_format", "JSON"), params=parameters).bytes()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def do_GET(self):
        self.answer(200, b"Ok.\n")

    def do_POST(self):
        body = self.read_body()
        try:
            with one_at_a_time:
                answer = run(dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True)), body)
            self.answer(200, answer)
        except Exception as error:
            self.answer(500, str(error).encode())

    def answer(self, status: int, body: bytes):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
