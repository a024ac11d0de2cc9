"""What the lineage promises, asked of SQLite and of a real PostgreSQL."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta, timezone
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.folder import FolderStore
from db.lineage import Lineage, StepInput, StepRecord
from db.store import Artifact
from reelhouse.errors import LineageError
from reelhouse.identity import bytes_digest

from ..recorded import BEGINNING, make_step, record_film

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PICKS = st.tuples(st.integers(0, 20), st.booleans())


def named(text: str) -> Artifact:
    """An artifact that is recorded without being stored: the lineage does not look at bytes."""
    return Artifact(bytes_digest(text.encode()), "text/plain", len(text))


@pytest.fixture
def folder(tmp_path: Path) -> FolderStore:
    """Somewhere to put the bytes of a small film."""
    return FolderStore(tmp_path / "bytes")


def test_a_step_is_read_back_as_it_was_recorded(lineage: Lineage):
    picture, clip = named("picture"), named("clip")
    lineage.add_artifact(picture)
    step = make_step("take", inputs={"subject": picture}, outputs={"clip": clip}, parameters={"seed": 7})

    standing = lineage.record(step)

    assert standing == step
    assert lineage.steps([step.key, "f" * 64]) == {step.key: step}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parameters=st.dictionaries(st.text(max_size=8), JSON, max_size=4))
def test_any_json_parameters_still_give_the_same_key(lineage: Lineage, parameters: dict[str, object]):
    step = lineage.record(make_step("take", parameters=parameters))

    assert step.derived_key() == step.key
    assert step.parameters == parameters


@pytest.mark.parametrize("number", [1e22, -0.0, 1e-7, 10**30, 1.0, 2**63])
def test_numbers_keep_their_spelling(lineage: Lineage, number: float):
    step = lineage.record(make_step("take", parameters={"number": number}))

    assert repr(step.parameters["number"]) == repr(number)


def test_fractions_are_recorded_as_their_key_spells_them(lineage: Lineage):
    step = lineage.record(make_step("take", parameters={"frame_rate": Fraction(24000, 1001)}))

    assert step.parameters == {"frame_rate": "24000/1001"}


def test_times_are_aware_and_the_same_moment(lineage: Lineage):
    elsewhere = BEGINNING.astimezone(timezone(timedelta(hours=8)))

    standing = lineage.record(replace(make_step("take"), started_at=elsewhere))

    assert standing.started_at == BEGINNING
    assert standing.started_at.utcoffset() == timedelta(0)


def test_inputs_keep_their_order(lineage: Lineage):
    pictures = {name: named(name) for name in ("zebra", "ant", "fox")}
    for picture in pictures.values():
        lineage.add_artifact(picture)

    step = lineage.record(make_step("take", inputs=pictures))

    assert [used.name for used in step.inputs] == ["zebra", "ant", "fox"]


def test_a_stage_may_be_an_enumeration(lineage: Lineage):
    stage = StrEnum("Stage", ["TAKE"])

    assert lineage.record(replace(make_step("take"), stage=stage.TAKE)).stage == "take"


def test_the_first_record_of_a_key_stands(lineage: Lineage):
    first = lineage.record(make_step("take", outputs={"clip": named("first")}))
    second = lineage.record(make_step("take", outputs={"clip": named("second")}))

    assert second == first
    with pytest.raises(LineageError, match="no recorded artifact"):
        lineage.find_artifact(named("second").id)


def test_eight_threads_that_record_one_key_agree(lineage: Lineage):
    rivals = [make_step("take", outputs={"clip": named(str(number))}) for number in range(16)]
    with ThreadPoolExecutor(8) as threads:
        standing = list(threads.map(lineage.record, rivals))

    assert all(step == standing[0] for step in standing)
    assert lineage.steps([rivals[0].key]) == {rivals[0].key: standing[0]}


def test_a_key_that_its_parts_do_not_give_is_refused(lineage: Lineage):
    with pytest.raises(LineageError, match="its parts give"):
        lineage.record(replace(make_step("take"), code_version="2"))


def test_an_input_that_nobody_handed_in_is_named(lineage: Lineage):
    with pytest.raises(LineageError, match=r"its input subject is artifact .* not recorded"):
        lineage.record(make_step("take", inputs={"subject": named("unknown")}))


def test_an_input_is_what_the_step_before_recorded(lineage: Lineage):
    cutout = lineage.record(make_step("cutout", outputs={"out": named("cutout")}))
    other = named("other")
    lineage.add_artifact(other)
    used = StepInput("subject", other.id, cutout.key, "out")
    wrong = replace(make_step("take"), inputs=(used,))
    wrong = replace(wrong, key=wrong.derived_key())

    with pytest.raises(LineageError, match=f"recorded there is artifact {named('cutout').id}"):
        lineage.record(wrong)
    assert lineage.steps([wrong.key]) == {}


def test_five_thousand_keys_are_looked_up_at_once(lineage: Lineage):
    step = lineage.record(make_step("take"))
    keys = [bytes_digest(b"%d" % number) for number in range(5_000)]

    assert lineage.steps([*keys, step.key]) == {step.key: step}


def test_a_render_is_seen_running_and_then_done(lineage: Lineage, folder: FolderStore):
    source = folder.put_bytes(b"storyboard", "text/yaml")
    render_id = lineage.begin_render(
        storyboard_digest="b" * 64, title="Fox and Kite", source=source, parameters={"quality": "draft"}
    )

    running = lineage.render(render_id)
    assert (running.status, running.film, running.finished_at) == ("running", None, None)
    assert (running.title, running.source, running.parameters) == (
        "Fox and Kite",
        source.id,
        {"quality": "draft"},
    )

    lineage.finish_render(render_id, status="done", film=source.id)
    done = lineage.render(render_id[:6])
    assert (done.id, done.status, done.film) == (render_id, "done", source.id)
    assert done.finished_at is not None
    assert done.finished_at >= done.started_at


def test_a_render_keeps_its_first_ending(lineage: Lineage):
    render_id = lineage.begin_render(
        storyboard_digest="b" * 64, title="t", source=named("source"), parameters={}
    )
    lineage.finish_render(render_id, status="cancelled", film=None, message="stopped")
    lineage.finish_render(render_id, status="failed", film=None, message="because it was stopped")

    assert lineage.render(render_id).message == "stopped"


def test_a_message_may_hold_any_text(lineage: Lineage):
    render_id = lineage.begin_render(
        storyboard_digest="b" * 64, title="狐狸\0", source=named("source"), parameters={}
    )
    lineage.finish_render(render_id, status="failed", film=None, message="ffmpeg: \0 \udcff \N{FOX FACE}")

    assert lineage.render(render_id).message == "ffmpeg: \N{REPLACEMENT CHARACTER} ? \N{FOX FACE}"


def test_a_film_must_be_recorded(lineage: Lineage):
    render_id = lineage.begin_render(
        storyboard_digest="b" * 64, title="t", source=named("source"), parameters={}
    )
    with pytest.raises(LineageError, match="is not recorded"):
        lineage.finish_render(render_id, status="done", film=named("nowhere").id)
    assert lineage.render(render_id).status == "running"


def test_a_render_that_does_not_exist_is_named(lineage: Lineage):
    with pytest.raises(LineageError, match="nothing"):
        lineage.finish_render("nothing", status="failed", film=None)
    with pytest.raises(LineageError, match="nothing"):
        lineage.use("nothing", [(lineage.record(make_step("take")).key, "take", False)])
    for prefix in ("%", ""):
        with pytest.raises(LineageError, match="no render"):
            lineage.render(prefix)


def test_the_latest_renders_come_first(lineage: Lineage):
    begun = [
        lineage.begin_render(storyboard_digest="b" * 64, title="t", source=named("source"), parameters={})
        for _ in range(5)
    ]

    assert [row.id for row in lineage.renders(limit=3)] == begun[:1:-1]


def test_a_render_lists_the_steps_it_used_once(lineage: Lineage):
    render_id = lineage.begin_render(
        storyboard_digest="b" * 64, title="t", source=named("source"), parameters={}
    )
    first, second = (lineage.record(make_step("take", parameters={"take": take})) for take in (1, 2))
    entries = [(first.key, "meadow", True), (second.key, "hill", False), (second.key, "hill again", True)]

    lineage.use(render_id, [])
    lineage.use(render_id, entries[:1])
    lineage.use(render_id, entries)

    listed = [(step.step_key, step.label, step.reused) for step in lineage.render_steps(render_id)]
    assert listed == entries
    row = lineage.render(render_id)
    assert (row.steps, row.reused) == (3, 2)


def test_eight_threads_may_report_to_one_render(lineage: Lineage):
    render_id = lineage.begin_render(
        storyboard_digest="b" * 64, title="t", source=named("source"), parameters={}
    )
    made = [lineage.record(make_step("take", parameters={"take": take})) for take in range(32)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda step: lineage.use(render_id, [(step.key, "take", False)]), made))

    assert {step.step_key for step in lineage.render_steps(render_id)} == {step.key for step in made}


def test_an_artifact_is_found_by_the_beginning_of_its_id(lineage: Lineage):
    picture = named("picture")
    lineage.add_artifact(picture)
    lineage.add_artifact(picture)

    assert lineage.find_artifact(picture.id[:6]) == picture
    assert lineage.find_artifact(picture.id.upper()) == picture


@pytest.mark.parametrize("prefix", ["abcde", "", "xyzxyz", "%%%%%%", "a" * 65])
def test_what_begins_no_artifact_is_refused(lineage: Lineage, prefix: str):
    with pytest.raises(LineageError, match="artifact"):
        lineage.find_artifact(prefix)


def test_an_ambiguous_beginning_is_refused(lineage: Lineage):
    for last in "01":
        lineage.add_artifact(Artifact("abcdef" + "0" * 57 + last, "text/plain", 1))

    with pytest.raises(LineageError, match="give more digits"):
        lineage.find_artifact("abcdef")


def test_ancestry_holds_all_that_a_film_derives_from(lineage: Lineage, folder: FolderStore):
    film = record_film(lineage, folder)
    record_film(lineage, folder, "another")

    found = lineage.ancestry(film.artifact.id)

    assert list(found.steps) == [film.cutout.key, film.chosen.key, film.assembly.key]
    assert set(found.handed_in) == {film.picture, film.music}
    assert found.makers[film.artifact.id] == (film.assembly.key,)
    assert [step.key for step in found.upstream(film.assembly.inputs[0])] == [film.chosen.key]
    assert found.upstream(film.assembly.inputs[1]) == ()


def test_a_handed_in_artifact_has_itself_for_ancestry(lineage: Lineage):
    lineage.add_artifact(named("picture"))

    found = lineage.ancestry(named("picture").id)

    assert found.steps == {}
    assert found.handed_in == (named("picture"),)
    with pytest.raises(LineageError, match="not recorded"):
        lineage.ancestry("0" * 64)


def test_where_used_finds_the_films_that_a_picture_is_in(lineage: Lineage, folder: FolderStore):
    film = record_film(lineage, folder)
    record_film(lineage, folder, "another")

    uses = lineage.where_used(film.picture.id)

    assert [step.key for step in uses.steps] == [
        step.key for step in (film.cutout, film.rejected, film.chosen, film.assembly)
    ]
    assert [row.id for row in uses.renders] == [film.render_id]
    assert lineage.where_used(film.rejected.outputs["out"].id).renders == ()
    assert [row.id for row in lineage.where_used(film.artifact.id).renders] == [film.render_id]


def test_where_used_finds_the_renders_of_a_storyboard(lineage: Lineage, folder: FolderStore):
    film = record_film(lineage, folder)

    source = lineage.render(film.render_id).source

    assert [row.id for row in lineage.where_used(source).renders] == [film.render_id]


def test_a_frame_that_is_handed_in_again_joins_two_films(lineage: Lineage, folder: FolderStore):
    film = record_film(lineage, folder)
    sequel = lineage.record(
        make_step("take", inputs={"first frame": film.artifact}, outputs={"clip": named("sequel")}, minutes=9)
    )

    assert film.picture in lineage.ancestry(named("sequel").id).handed_in
    assert sequel in lineage.where_used(film.picture.id).steps


def test_equal_bytes_do_not_join_what_the_record_keeps_apart(lineage: Lineage):
    blank, fox, cat = named("a blank mask"), named("fox"), named("cat")
    for picture in (fox, cat):
        lineage.add_artifact(picture)
    of_fox = lineage.record(make_step("mask", inputs={"picture": fox}, outputs={"out": blank}))
    lineage.record(make_step("mask", inputs={"picture": cat}, outputs={"out": blank}))
    film = lineage.record(make_step("film", inputs={"mask": (of_fox, "out")}, outputs={"out": named("film")}))

    assert lineage.ancestry(named("film").id).handed_in == (fox,)
    assert film not in lineage.where_used(cat.id).steps


def test_a_step_that_gives_back_its_input_does_not_loop(lineage: Lineage):
    lineage.add_artifact(named("same"))
    step = lineage.record(make_step("copy", inputs={"in": named("same")}, outputs={"out": named("same")}))

    assert list(lineage.ancestry(named("same").id).steps) == [step.key]
    assert lineage.where_used(named("same").id).steps == (step,)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=st.lists(st.tuples(st.integers(0, 5), st.lists(PICKS, max_size=3)), min_size=1, max_size=6))
def test_the_two_directions_agree(lineage: Lineage, graph: list[tuple[int, list[tuple[int, bool]]]]):
    """Whatever was used, by whom: one artifact is in another's ancestry when the other is a use of it."""
    salt = secrets.token_hex(8)  # the examples share a database, and nothing else
    made: list[StepRecord] = []
    for number, (output, picks) in enumerate(graph):
        inputs = {str(at): _pick(made, pick) for at, pick in enumerate(picks) if made}
        outputs = {"out": named(f"{salt} {output}")}  # few names: equal bytes from different steps
        step = make_step("any", inputs=inputs, outputs=outputs, parameters={"n": number, "salt": salt})
        made.append(lineage.record(step))
    ids = {step.outputs["out"].id for step in made}
    downstream = {one: {step.key for step in lineage.where_used(one).steps} for one in ids}
    for one in ids:
        found = lineage.ancestry(one)
        used = {entry.artifact_id for step in found.steps.values() for entry in step.inputs}
        assert used == {other for other in ids if downstream[other] & set(found.makers[one])}


def _pick(made: list[StepRecord], pick: tuple[int, bool]) -> Artifact | tuple[StepRecord, str]:
    number, handed_in = pick
    step = made[number % len(made)]
    return step.outputs["out"] if handed_in else (step, "out")
