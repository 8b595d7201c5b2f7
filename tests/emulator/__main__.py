# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""python -m tests.emulator --host 127.0.0.1 --port 5566"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.emulator", description="A local AWS")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5566, help="0 picks a free one")
    parser.add_argument("--pid-file", type=Path, help="where to write the process id")
    parser.add_argument("--latency-ms", type=float, default=0, help="added to every call")
    return parser.parse_args(argv)


def prepare_environment() -> None:
    """moto reads these when it is imported."""
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    os.environ["S3_IGNORE_SUBDOMAIN_BUCKETNAME"] = "true"
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
    os.environ.pop("MOTO_ACCOUNT_ID", None)
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_CONFIG_FILE"):
        os.environ.pop(name, None)


def stop(signal_number: int, frame: object) -> None:
    raise SystemExit(0)


def main() -> int:
    options = arguments()
    code = 0
    prepare_environment()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if options.pid_file:
        options.pid_file.write_text(f"{os.getpid()}\n")
    try:
        from .server import serve  # noqa: PLC0415 moto must find its environment set

        serve(options.host, options.port, options.latency_ms)
    except SystemExit as end:
        code = int(end.code or 0)
    except OSError as error:
        print(f"cannot listen on {options.host}:{options.port}: {error.strerror}", file=sys.stderr)
        return 1
    finally:
        if options.pid_file:
            options.pid_file.unlink(missing_ok=True)
    sys.stdout.flush()
    os._exit(code)  # at once: nobody needs the memory of a thousand resources put in order


if __name__ == "__main__":
    sys.exit(main())
