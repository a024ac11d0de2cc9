"""The same film on a real PostgreSQL and a real S3 service."""

import pytest

BOARD = """
title: Services
engine: testcard
video: {size: 64x64}
subjects:
  fox: {description: a red fox, images: fox.png}
scenes:
  - {id: a, prompt: the fox runs, duration: 0.3s}
  - {id: b, prompt: the fox rests, duration: 0.3s, seam: continue}
"""

pytestmark = pytest.mark.services


@pytest.fixture
def studio(studio, postgresql_url, s3, s3_url):
    studio.environment.update(
        REELHOUSE_DATABASE_URL=postgresql_url,
        REELHOUSE_STORE=s3_url,
        REELHOUSE_STORE_ACCESS_KEY=s3.admin.access_key,
        REELHOUSE_STORE_SECRET_KEY=s3.admin.secret_key,
    )
    return studio


def test_a_film_is_rendered_verified_and_traced_on_services(studio):
    assert studio.environment["REELHOUSE_DATABASE_URL"].startswith("postgresql://")
    studio.write(BOARD)
    result = studio.json("render", "board.yaml")
    assert result["engine_calls"] == 2
    assert studio.json("verify")["ok"]
    assert "testcard" in studio.run("lineage", result["film"]).stdout
    assert not (studio.home / "reelhouse.db").exists()


def test_what_one_machine_made_another_does_not_make_again(studio):
    studio.write(BOARD)
    film = studio.json("render", "board.yaml")["film_artifact"]
    studio.environment["REELHOUSE_HOME"] = str(studio.folder / "another machine")
    again = studio.json("render", "board.yaml")
    assert (again["steps_rendered"], again["film_artifact"]) == (0, film)


def test_a_service_that_is_down_or_refuses_is_named_and_no_password_is_shown(studio):
    studio.write(BOARD)
    url = studio.environment["REELHOUSE_DATABASE_URL"]
    secret = url.partition("//postgres:")[2].partition("@")[0]
    studio.environment["REELHOUSE_DATABASE_URL"] = "postgresql://postgres:hidden-word@127.0.0.1:1/films"
    down = studio.run("render", "board.yaml", code=3).stderr
    assert "127.0.0.1" in down
    assert "hidden-word" not in down
    studio.environment["REELHOUSE_DATABASE_URL"] = url.replace(secret, "hidden-word")
    refused = studio.run("render", "board.yaml", code=1).stderr
    assert "hidden-word" not in refused
