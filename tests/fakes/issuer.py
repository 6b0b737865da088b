"""An issuer of tokens on the loopback: its discovery document, its keys, and tokens signed with them."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from joserfc import jwt
from joserfc.jwk import RSAKey


class FakeIssuer:
    def __init__(self):
        self.asked = 0
        self.rotate()

    def rotate(self):
        """Sign with another key from now on."""
        self.key = RSAKey.generate_key(2048, auto_kid=True)

    def token(self, **claims):
        now = int(time.time())
        said = {"iss": self.url, "iat": now, "exp": now + 300, "typ": "Bearer", **claims}
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, said, self.key)

    def __enter__(self):
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                answer = {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/certs"}
                if self.path.endswith("/certs"):
                    issuer.asked += 1
                    answer = {"keys": [issuer.key.as_dict(private=False)]}
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *_):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/realms/uitid"
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
