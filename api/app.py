"""The server: routes, errors, guard and page put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

from api.guard import Guard
from api.jobs import Jobs, ReadPage
from api.problems import install_problems
from api.reading import read_to_folder
from api.routes import router
from api.settings import Settings

WEB = Path(__file__).parent / "web"
_SWEEP_EVERY_S = 60.0


def create_app(settings: Settings | None = None, read_page: ReadPage = read_to_folder) -> FastAPI:
    """Build the server.

    Parameters
    ----------
    settings : Settings, optional
        From the environment when left out.
    read_page : callable
        Importable; what reads a page in a worker process.

    Returns
    -------
    FastAPI
        Its workers and results live from startup to shutdown; nothing outlasts it.
    """
    settings = settings or Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        jobs = app.state.jobs = Jobs(settings, read_page)
        sweeping = asyncio.create_task(_sweep(jobs))
        try:
            yield
        finally:
            sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await sweeping
            jobs.close()

    app = FastAPI(
        title="Paperbeat",
        version=version("paperbeat"),
        summary="Reads paper ECGs. Not a medical device; a clinician must over-read every result.",
        lifespan=lifespan,
        docs_url=None,  # both pages would fetch scripts from elsewhere
        redoc_url=None,
    )
    app.include_router(router)
    app.mount("/web", StaticFiles(directory=WEB), name="web")

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(WEB / "index.html")

    install_problems(app)
    app.add_middleware(Guard, settings=settings)
    return app


async def _sweep(jobs: Jobs) -> None:
    """Results go when their time is up, even if nobody asks."""
    while True:
        await asyncio.sleep(_SWEEP_EVERY_S)
        await asyncio.to_thread(jobs.sweep)
