import asyncio
import json
import math
import os
import ssl
import sys
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import websockets


# ---- the client under test; yours comes from its package ----

class Client:
    def __init__(self, url, options, handler):
        self.url, self.options, self.handler = url, options, handler
        self.socket = self.last_seq = self.last_time = None
        self.failures = 0
        ca_file = options.get("ca_file")
        self.tls = ssl.create_default_context(cafile=ca_file) if ca_file else None

    def connect(self):
        self.task = asyncio.create_task(self.run())

    async def run(self):
        base_ms, max_ms = self.options["reconnect_base_ms"], self.options["reconnect_max_ms"]
        while self.failures <= self.options.get("max_reconnect_attempts", math.inf):
            try:
                async with websockets.connect(self.url, ssl=self.tls, max_size=None,
                                              close_timeout=1) as socket:
                    await self.serve(socket)
            except (OSError, asyncio.TimeoutError, websockets.WebSocketException):
                pass
            self.socket = None
            self.failures += 1
            self.handler("close")
            self.handler("reconnecting", attempt=self.failures)
            await asyncio.sleep(min(base_ms * 2 ** (self.failures - 1), max_ms) / 1000)
        self.handler("permanently_disconnected", attempt=self.failures - 1)

    async def serve(self, socket):
        self.socket = socket
        await self.handler("open")  # the application subscribes here
        if self.last_seq is not None:
            since = (self.last_time - timedelta(seconds=65)).isoformat()
            await self.send(type="resync", last_seen_seq=self.last_seq, since=since)
        async for text in socket:
            self.receive(text)

    def receive(self, text):
        try:
            event = json.loads(text)
        except ValueError:
            return
        if not isinstance(event, dict) or not isinstance(event.get("type"), str):
            return
        if event["type"] == "resync_ack":
            replayed, gap_detected = event.get("replayed"), event.get("gap_detected")
            if isinstance(replayed, int) and isinstance(gap_detected, bool):
                self.handler("resynced", replayed=replayed, gap_detected=gap_detected)
        elif event["type"] != "pong":
            self.failures = 0
            self.last_time = datetime.now(timezone.utc)
            if isinstance(event.get("agent_seq"), (int, float)):
                self.last_seq = event["agent_seq"]
            self.handler("event", type=event["type"], data=event)

    async def send(self, **frame):
        if self.socket:
            await self.socket.send(json.dumps(frame))

    def disconnect(self):
        self.task.cancel()


# ---- the driver ----

LIFECYCLE = ["open", "close", "reconnecting", "permanently_disconnected", "resynced"]
applications = {}  # by the harness's `client`: the client under test and its channels


def say(ev, **fields):
    print(json.dumps({"ev": ev, **fields}), flush=True)


def start(line):
    client, mine = line["client"], set(line["channels"])

    def handler(ev, **fields):
        say(ev, client=client, **fields)
        if ev == "open":
            return sdk.send(type="subscribe", channels=sorted(mine))

    sdk = Client(line["url"] + "?token=" + quote(line["token"]), line["options"], handler)
    applications[client] = sdk, mine
    sdk.connect()


async def handle(line):
    op, client = line["op"], line.get("client")
    if op == "start":
        start(line)
    elif op == "exit":
        os._exit(0)
    elif op not in ("subscribe", "unsubscribe", "stop"):
        say("error", client=client or "", message=f"no op {op}")
    elif client not in applications:
        say("error", client=client, message="unknown client")
    elif op == "stop":
        applications[client][0].disconnect()
        say("stopped", client=client)
    else:
        sdk, mine = applications[client]
        change = mine.update if op == "subscribe" else mine.difference_update
        change(line["channels"])
        await sdk.send(type=op, channels=line["channels"])


async def main():
    say("hello", protocol=1, name="example-python", version="1.0.0",
        capabilities=["multi", "wildcard", "subscribe", "backoff", *LIFECYCLE])
    lines = asyncio.StreamReader(limit=1 << 26)
    protocol = asyncio.StreamReaderProtocol(lines)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    while text := await lines.readline():
        await handle(json.loads(text))
    os._exit(0)  # at the end of standard input, whatever is still connected


asyncio.run(main())
