"""Obstacles: why no engine worker that is there can make a take, in words that say what to do."""

from collections.abc import Iterable

from db.wants import Want
from db.workers import Worker
from reelhouse.memory import gigabytes


def obstacle(want: Want, present: Iterable[Worker]) -> str:
    """Why none of these workers can make what is wanted; "" where one can."""
    wanted = want.offer
    named = [
        (worker, offer) for worker in present for offer in worker.offers if offer.engine == wanted.engine
    ]
    if not named:
        return f"no worker offers {wanted.engine}: start reelhouse worker --offers {wanted.engine}"
    fitting = [worker for worker, offer in named if offer == wanted]
    if not fitting:
        if any(offer.code_version == wanted.code_version for _, offer in named):
            return (
                f"no worker has its version of the weights of {wanted.engine}: whoever plans and "
                "who works need the same files"
            )
        return (
            f"no worker has its version of the code of {wanted.engine}: bring whoever plans and "
            "who works to the same release"
        )
    if not any(worker.has_room(want.gpu_bytes) for worker in fitting):
        return (
            f"no worker's GPU has {gigabytes(want.gpu_bytes)} free: a larger GPU or a smaller film is needed"
        )
    return ""
