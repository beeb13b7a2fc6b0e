#!/usr/bin/env python3
"""Runs ONNX's own backend tests through Tiivis, and prints what passed, failed and is refused.

Needs the package `onnx` (tests/scripts/requirements.txt); start it with that Python, from anywhere:
    /tmp/venv/bin/python tests/scripts/run_node_tests.py [--keep FOLDER] [--verbose]
Up to onnx 1.18 or so the wheel had the node tests as files; since then it has the Python code that
makes them (inputs, and outputs computed with NumPy), which onnx's own `cmd_tools` writes as files.
The tests converted from PyTorch are files still. The Rust side is tests/node_tests.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import types
import warnings

import onnx
import onnx.backend.test.cmd_tools as cmd_tools

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
SHIPPED = pathlib.Path(onnx.__file__).parent / "backend/test/data"


def write(folder: pathlib.Path) -> None:
    if (SHIPPED / "node").is_dir():
        shutil.copytree(SHIPPED / "node", folder / "node", dirs_exist_ok=True)
    else:
        import onnx.backend.test.case.node as node

        warnings.simplefilter("ignore")
        cmd_tools.model_test = types.SimpleNamespace(collect_testcases=node.collect_testcases)
        cmd_tools.generate_data(types.SimpleNamespace(output=str(folder)))
    for suite in ["pytorch-converted", "pytorch-operator"]:
        shutil.copytree(SHIPPED / suite, folder / suite, dirs_exist_ok=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=pathlib.Path, help="folder to write the tests to")
    parser.add_argument("--verbose", action="store_true", help="print every test")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.keep or pathlib.Path(temporary)).resolve()
        write(folder)
        environment = os.environ | {"TIIVIS_ONNX_NODE_TESTS": str(folder)}
        if arguments.verbose:
            environment["TIIVIS_ONNX_NODE_TESTS_VERBOSE"] = "1"
        print(f"onnx {onnx.__version__}", flush=True)
        command = ["cargo", "test", "--package", "tiivis-tests", "--no-default-features"]
        command += ["--test", "node_tests", "--", "--nocapture"]
        return subprocess.run(command, cwd=REPOSITORY, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
