"""What the failures of Prefect's server are called, for people: which server, what it said, what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from reelhouse.errors import InputError, ServiceUnavailable

REFUSED = (401, 403)
QUOTED = 300  # so many characters of what a server says


@contextmanager
def prefect_translated(url: object) -> Iterator[None]:
    """Turn what a client of the server at `url` raises into what a person can act on.

    Raises:
        ServiceUnavailable: it does not answer, or has a failure of its own.
        InputError: it refuses who asks, or is no server of Prefect's.
    """
    try:
        yield
    except httpx.TransportError as error:
        raise ServiceUnavailable(
            f"Prefect's server {url} does not answer ({error or type(error).__name__}): start it "
            "(`reelhouse up` runs one on this machine), or see that PREFECT_API_URL is right; "
            "`reelhouse render` without PREFECT_API_URL needs none"
        ) from error
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        if status in REFUSED:
            raise InputError(
                f"Prefect's server {url} refuses who asks (HTTP status {status}): see that "
                "PREFECT_API_AUTH_STRING is its own"
            ) from error
        if status >= 500:
            raise ServiceUnavailable(
                f"Prefect's server {url} answers with HTTP status {status}: its log says why, and its "
                "database may be down; the same command may succeed later"
            ) from error
        said = error.response.text[:QUOTED]
        raise InputError(
            f"what PREFECT_API_URL names, {url}, answers with HTTP status {status}"
            f"{said and f' and {said!r}'}: is it Prefect's server, with /api at the end?"
        ) from error
