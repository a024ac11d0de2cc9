"""The nightly round through the house, as a Prefect flow."""

from collections.abc import Callable
from typing import Annotated

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from pydantic import Field

from flows.run_logs import plain_failures
from tasks.maintenance import check_backup_age, check_sample, remove_leftovers
from tasks.workbench import workbench


@task(task_run_name="{name}", cache_policy=NO_CACHE, persist_result=False)
def _look_after(name: str, work: Callable[[], str]) -> str:
    return work()


@flow(name="nightly-maintenance", persist_result=False)
def nightly_maintenance(sample: Annotated[int, Field(ge=1)] = 200) -> list[str]:
    """Verify a sample of what is stored, remove leftovers, and see that the newest backup is young.

    Args:
        sample: how many artifacts are hashed again.

    Returns:
        What each part found; the run's page shows it as a table. A part that fails fails the run, after the
        others have been done.
    """
    plain_failures()
    bench = workbench()
    parts: dict[str, Callable[[], str]] = {
        "verify a sample": lambda: check_sample(bench, sample),
        "remove leftovers": lambda: remove_leftovers(bench),
        "look at the newest backup": lambda: check_backup_age(bench),
    }
    states = {name: _look_after(name, work, return_state=True) for name, work in parts.items()}
    create_table_artifact(
        key="nightly-round",
        description="What was found in the house",
        table=[
            {"part": name, "ended": state.name, "found": str(state.result(raise_on_failure=False))}
            for name, state in states.items()
        ],
    )
    return [state.result() for state in states.values()]
