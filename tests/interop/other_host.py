"""A tiny server in place of a host that is not IAM: it answers everything alike, and keeps what it is asked."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class OtherHost(ThreadingHTTPServer):
    """The server. With a file of a certificate and its key it serves HTTPS."""

    daemon_threads = True

    def __init__(self, certificate=None, document=b'{}'):
        super().__init__(('127.0.0.1', 0), Handler)
        self.document = document
        self.requests = []
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.endpoint = f'http{"s" if certificate else ""}://127.0.0.1:{self.server_port}'
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """Keeps method, path and headers of a request, and answers it."""

    protocol_version = 'HTTP/1.1'
    server: OtherHost

    def handle_any(self):
        """Serves every method alike."""
        self.rfile.read(int(self.headers.get('Content-Length', 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append((self.command, self.path, headers))
        self.send_response(200)
        self.send_header('Content-Length', str(len(self.server.document)))
        self.end_headers()
        self.wfile.write(self.server.document)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any

    def log_message(self, *_):  # pylint: disable=arguments-differ
        """Stays silent."""
