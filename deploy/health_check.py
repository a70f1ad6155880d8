"""Ends with 0 where the service in this container answers that it is well, else with 1.

Of the standard library alone, so that it costs a moment where it is asked every ten seconds.
"""

from __future__ import annotations

import http.client
import os
import sys

_TIMEOUT_SECONDS = 4


def is_healthy(port: int) -> bool:
    """Whether `/healthz` answers 200; no proxy of the environment is asked."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_healthy(int(os.environ.get("CDS_PORT", "8080"))) else 1)
