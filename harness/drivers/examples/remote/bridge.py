#!/usr/bin/env python3
"""Carries the lines of a driver to a `gapcheck serve` on another machine, and its ops back.

    bridge.py EVENTS_ADDRESS COMMAND [ARGUMENT…]

The address is the one that `gapcheck serve` prints behind `events`; the command starts any driver.
"""
import queue
import subprocess
import sys
import threading
import urllib.error
import urllib.request

POLL_S = 0.02  # an op is picked up with the next post, so an idle driver posts, too


def read_lines(stream, lines):
    for line in stream:
        lines.put(line)
    lines.put(None)


def take_waiting(lines):
    """What the driver has said since, at least after a moment; and whether it has ended."""
    taken = []
    try:
        taken.append(lines.get(timeout=POLL_S))
        while True:
            taken.append(lines.get_nowait())
    except queue.Empty:
        pass
    return [line for line in taken if line is not None], None in taken


def post(address, lines):
    request = urllib.request.Request(address, data=b"".join(lines), method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read()


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    address, command = sys.argv[1], sys.argv[2:]
    driver = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    lines = queue.Queue()
    threading.Thread(target=read_lines, args=(driver.stdout, lines), daemon=True).start()
    has_ended = False
    try:
        while not has_ended:
            said, has_ended = take_waiting(lines)
            driver.stdin.write(post(address, said))
            driver.stdin.flush()
    except urllib.error.HTTPError as error:
        sys.exit(f"{error.code}: {error.read().decode()}")
    except (urllib.error.URLError, ConnectionError):
        pass  # the scenario is over
    finally:
        driver.stdin.close()  # which ends every driver
        driver.wait(timeout=10)


main()
