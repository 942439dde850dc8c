"""The probe as a process of its own, that can be killed: `python -m tests.chassis.probe.process`."""

import asyncio

from tests.chassis.probe.app import ProbeSettings, create_app


async def main() -> None:
    app = create_app(ProbeSettings())
    async with app.router.lifespan_context(app):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
