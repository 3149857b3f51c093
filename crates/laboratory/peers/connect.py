"""Opens every URL that it is given with the Python library websockets, one after the other."""

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
            # The server's log says what became of it.
            pass


asyncio.run(main())
