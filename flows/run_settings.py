"""What Prefect is set to in the process of every flow run, wherever its worker was started.

Deployments carry it as job variables, so that no machine has to be told. Prefect's own defaults do not fit
the automation that finds lost runs, and give up on a server before it is up again.
"""

from collections.abc import Mapping

HEARTBEAT_S = 30  # the shortest that Prefect takes
HEARTBEATS = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_S)}
RUN_SETTINGS: Mapping[str, str] = HEARTBEATS | {
    # A run outlives a restart of Prefect's server or of its database: it asks again for 8 minutes (2 + 4 + …
    # + 256 s), also where the server answers 500 for want of its database.
    "PREFECT_CLIENT_MAX_RETRIES": "8",
    "PREFECT_CLIENT_RETRY_EXTRA_CODES": "500",
}
