"""Faults at will: a process is killed, or told of an error, at its k-th change to the files below a folder.

The process and all that it starts are traced (ptrace and seccomp of Linux), so that every writer is caught
alike: Python, zarr, torch's C++, safetensors' Rust. ``run(work, below)`` lists the changes that work makes;
the same with ``at=k`` kills it just before change k, and with ``error=errno.ENOSPC`` lets that call fail
instead.

    calls = run(["python", "-m", "stimuli", "objects", "--out", str(out)], tmp_path).calls
    for k in range(len(calls)):
        run([...], tmp_path, at=k)                                  # SIGKILL before call k
        run([...], tmp_path, at=k, error=errno.ENOSPC, lasting=True)   # the disk is full from call k on
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import signal
import struct
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

SUPPORTED = sys.platform == "linux" and platform.machine() == "x86_64"
WORKING_FOLDER, LONGEST_PATH = -100, 4096  # AT_FDCWD, PATH_MAX
# Calls that change files, by their number on x86-64: name, places of the descriptors and of the (folder, path) pairs
# among the arguments. A folder of None is the working folder.
CALLS: dict[int, tuple[str, tuple[int, ...], tuple[tuple[int | None, int], ...]]] = {
    1: ("write", (0,), ()), 18: ("pwrite", (0,), ()), 20: ("writev", (0,), ()), 40: ("sendfile", (0,), ()),
    326: ("copy_file_range", (2,), ()), 74: ("fsync", (0,), ()), 75: ("fdatasync", (0,), ()),
    77: ("ftruncate", (0,), ()), 285: ("fallocate", (0,), ()), 76: ("truncate", (), ((None, 0),)),
    2: ("open", (), ((None, 0),)), 257: ("open", (), ((0, 1),)), 85: ("open", (), ((None, 0),)),
    82: ("rename", (), ((None, 0), (None, 1))), 264: ("rename", (), ((0, 1), (2, 3))),
    316: ("rename", (), ((0, 1), (2, 3))), 83: ("mkdir", (), ((None, 0),)), 258: ("mkdir", (), ((0, 1),)),
    87: ("unlink", (), ((None, 0),)), 263: ("unlink", (), ((0, 1),)), 84: ("rmdir", (), ((None, 0),)),
    86: ("link", (), ((None, 0), (None, 1))), 265: ("link", (), ((0, 1), (2, 3))),
    88: ("symlink", (), ((None, 1),)), 266: ("symlink", (), ((1, 2),)),
}  # fmt: skip
FLAGS_OF_OPEN = {2: 1, 257: 2}
NEED_ROOM = {
    "write", "pwrite", "writev", "sendfile", "copy_file_range", "fallocate", "open", "mkdir", "link", "symlink",
}  # fmt: skip
# constants of ptrace, prctl and seccomp
TRACE_ME, CONTINUE, GET_REGISTERS, SET_REGISTERS, SET_OPTIONS = 0, 7, 12, 13, 0x4200
FOLLOW, SECCOMP_STOPS, END_WITH_TRACER = 2 | 4 | 8 | 16, 0x80, 0x100000  # forks, threads, exec
SECCOMP_EVENT, ANY_THREAD = 7, 0x40000000
NO_NEW_PRIVILEGES, SET_SECCOMP, FILTER, ALLOW, STOP = 38, 22, 2, 0x7FFF0000, 0x7FF00000
REGISTERS, ARGUMENTS, NUMBER, RESULT = 27, (14, 13, 12, 7, 9, 8), 15, 10  # longs of user_regs_struct


@dataclass(frozen=True)
class Ended:
    """How work ended: exit code (minus the signal), what it wrote to stdout and stderr, its changes up to then."""

    code: int
    said: str
    calls: list[str]


def run(
    work: Sequence[str] | Callable[[], None],
    below: Path,
    at: int | None = None,
    error: int = 0,
    lasting: bool = False,
    timeout: float = 120,
) -> Ended:
    """Do work, with a fault at one of its changes to files below a folder.

    Parameters
    ----------
    work : words of a command, or a function that is called in a forked process.
    below : folder; changes to other files pass.
    at : number of the change, from 0 on, over all processes and threads; None lets all pass.
    error : errno that the call gives; 0 kills the process that makes it, before the call.
    lasting : later changes fail, too, where ``error`` may concern them (removing needs no room on a full
        disk).
    timeout : seconds; then everything is killed.
    """
    assert SUPPORTED, "faults need Linux on x86-64"
    with tempfile.TemporaryDirectory() as place:
        said, told = Path(place, "said"), Path(place, "told")
        tracer = os.fork()
        if not tracer:
            _quietly(lambda: told.write_text(json.dumps(_traced(work, below.resolve(), at, error, lasting, said))))
        _wait(tracer, timeout)
        if not told.exists():
            raise TimeoutError(f"the work did not end within {timeout} s: {said.read_text(errors='replace')[-2000:]}")
        code, calls = json.loads(told.read_text())
        return Ended(code, said.read_text(errors="replace"), calls)


def _wait(process: int, timeout: float) -> None:
    """Wait for a child, and kill it when the time is over."""

    def over(*_) -> None:
        os.kill(process, signal.SIGKILL)

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    try:
        os.waitpid(process, 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _quietly(work: Callable[[], None]) -> None:
    """Do work and end this forked process, without what the parent would do at its end."""
    code = 1
    try:
        work()
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _traced(work, below: Path, at: int | None, error: int, lasting: bool, said: Path) -> tuple[int, list[str]]:
    """Fork the work and follow all its threads and children to their end: exit code and changes."""
    first = os.fork()
    if not first:
        _quietly(lambda: _begin(work, said))
    calls: list[str] = []
    os.waitpid(first, 0)  # it has stopped itself
    _ptrace(SET_OPTIONS, first, FOLLOW | SECCOMP_STOPS | END_WITH_TRACER)
    _ptrace(CONTINUE, first, 0)
    known, code = {first}, None
    while True:
        try:
            process, status = os.waitpid(-1, ANY_THREAD)
        except ChildProcessError:
            return code, calls
        if not os.WIFSTOPPED(status):
            known.discard(process)
            if process == first:
                code = os.waitstatus_to_exitcode(status)
            continue
        passed_on = 0
        if status >> 16 == SECCOMP_EVENT:
            _judge(process, below, at, error, lasting, calls)
        elif status >> 16 == 0 and not (os.WSTOPSIG(status) == signal.SIGSTOP and process not in known):
            passed_on = os.WSTOPSIG(status)
        known.add(process)
        _ptrace(CONTINUE, process, passed_on)


def _begin(work, said: Path) -> None:
    """Become the traced process: stopped until it is followed, then stopping at every call of the table."""
    with said.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    libc = ctypes.CDLL(None, use_errno=True)
    _ptrace(TRACE_ME, 0, 0)
    os.kill(os.getpid(), signal.SIGSTOP)
    code = [struct.pack("HBBI", 0x20, 0, 0, 0)]  # load the number of the call
    for left, number in zip(range(len(CALLS), 0, -1), CALLS, strict=True):
        code.append(struct.pack("HBBI", 0x15, left, 0, number))  # equal: jump to the last line
    code += [struct.pack("HBBI", 0x06, 0, 0, ALLOW), struct.pack("HBBI", 0x06, 0, 0, STOP)]
    lines = ctypes.create_string_buffer(b"".join(code))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code), ctypes.addressof(lines)))
    if libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.prctl(SET_SECCOMP, FILTER, program, 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp is not to be had")
    if callable(work):
        sys.stdout = sys.stderr = os.fdopen(1, "w", buffering=1, closefd=False)  # pytest captures those that were
        work()
    else:
        os.execvp(work[0], list(work))


def _judge(process: int, below: Path, at: int | None, error: int, lasting: bool, calls: list[str]) -> None:
    """Note a call that changes files below the folder, and strike if it is the one, or after it if that lasts."""
    registers = (ctypes.c_ulong * REGISTERS)()
    _ptrace(GET_REGISTERS, process, ctypes.addressof(registers))
    number, arguments = registers[NUMBER], [registers[place] for place in ARGUMENTS]
    name, descriptors, pairs = CALLS[number]
    if number in FLAGS_OF_OPEN and not arguments[FLAGS_OF_OPEN[number]] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        return
    try:
        paths = [os.readlink(f"/proc/{process}/fd/{arguments[place]}") for place in descriptors]
        paths += [_path(process, arguments, *pair) for pair in pairs]
    except OSError:
        return  # the call itself will fail
    inside = [path for path in paths if Path(path).is_relative_to(below)]
    if not inside:
        return
    calls.append(f"{name} {' '.join(os.path.relpath(path, below) for path in inside)}")
    k = len(calls) - 1
    later = lasting and at is not None and k > at and (error != errno.ENOSPC or name in NEED_ROOM)
    if k != at and not later:
        return
    if not error:
        os.kill(process, signal.SIGKILL)
        return
    registers[NUMBER], registers[RESULT] = 2**64 - 1, 2**64 - error  # no call, and its result
    _ptrace(SET_REGISTERS, process, ctypes.addressof(registers))


def _path(process: int, arguments: list[int], folder: int | None, place: int) -> str:
    """The path that a call names, absolute."""
    with open(f"/proc/{process}/mem", "rb", 0) as memory:
        memory.seek(arguments[place])
        text = memory.read(LONGEST_PATH)
    start = WORKING_FOLDER if folder is None else ctypes.c_int(arguments[folder]).value
    within = os.readlink(f"/proc/{process}/{'cwd' if start == WORKING_FOLDER else f'fd/{start}'}")
    return os.path.normpath(os.path.join(within, os.fsdecode(text.partition(b"\0")[0])))


def _ptrace(request: int, process: int, data: int) -> None:
    """The system call; a process that is gone in the meantime is no fault."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    if libc.ptrace(request, process, None, data) == -1 and ctypes.get_errno() not in (0, errno.ESRCH):
        raise OSError(ctypes.get_errno(), f"ptrace {request}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    ended = run(sys.argv[2:], Path(sys.argv[1]))
    print(ended.said, *ended.calls, f"exit code {ended.code}", sep="\n")
