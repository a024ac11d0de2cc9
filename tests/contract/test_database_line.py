"""The line to PostgreSQL when the machine behind it vanishes, asked of real sockets."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine

from db.session import open_database

pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="needs Linux's TCP_USER_TIMEOUT"),
]


@contextmanager
def line(engine: Engine) -> Iterator[socket.socket]:
    """The socket of a connection, to look at."""
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        with socket.socket(fileno=socket.dup(driver.fileno())) as found:
            yield found
    engine.dispose()


def test_a_server_that_vanished_is_given_up_after_seconds_however_little_was_sent(postgresql_url: str):
    with line(open_database(postgresql_url)) as found:
        assert found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 10
        assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 5
        assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 3
        assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 15_000


def test_what_the_url_says_of_the_line_is_done(postgresql_url: str):
    with line(open_database(f"{postgresql_url}?tcp_user_timeout=60000&keepalives_idle=90")) as found:
        assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000
        assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 90
        assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 5
