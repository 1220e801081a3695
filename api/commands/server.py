"""``paperbeat serve``: the HTTP interface and its page."""

from __future__ import annotations

from typing import Annotated

import typer


def serve(
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; only this machine when left out.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 8000,
) -> None:
    """Serve the HTTP API and a page to drop pictures on. Everything stays on this machine."""
    import logging

    import uvicorn

    from api.app import create_app
    from api.settings import LOOPBACK, Settings

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    if host not in LOOPBACK:
        typer.echo(
            "warning: there is no log-in: whoever reaches this address can use it and read results by id", err=True
        )
    typer.echo(f"http://{host if ':' not in host else f'[{host}]'}:{port}/   Ctrl-C ends it", err=True)
    app = create_app(Settings(host=host))
    # No access log: a result's address is its key. No server header: it helps nobody.
    uvicorn.run(app, host=host, port=port, access_log=False, log_level="warning", server_header=False)
