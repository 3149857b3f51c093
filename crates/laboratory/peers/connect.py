"""Connects to each of the given URLs in turn with the Python library websockets."""

import asyncio
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException


async def main():
    for url in sys.argv[1:]:
        try:
            async with connect(url) as connection:
                async for _ in connection:
                    pass
        except (WebSocketException, OSError, EOFError):
            # Ignore the error: the server has logged the reaction.
            pass


asyncio.run(main())
