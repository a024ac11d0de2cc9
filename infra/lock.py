"""Print the constraints file: every package of this environment at its version, one a line.

Versions only, no hashes: torch comes as a different wheel on CPU and GPU machines (docs/decisions/0002).
"""

import importlib.metadata

OURS = {"reelhouse", "pip"}


def main() -> None:
    """Print it."""
    print("# Written by `make lock`. FastAPI and Starlette are held back: newer ones break Prefect's server.")
    versions = {
        dist.metadata["Name"].lower().replace("_", "-"): dist.version.partition("+")[0]
        for dist in importlib.metadata.distributions()
    }
    for name in sorted(versions.keys() - OURS):
        print(f"{name}=={versions[name]}")


if __name__ == "__main__":
    main()
