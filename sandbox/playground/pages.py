"""The page and its files, with headers that let nothing foreign in and nothing out."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

FILES = Path(__file__).resolve().parent / "static"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""What is served: nothing else in the folder, such as licences, is a file of the page."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws:; "
        "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


async def index(request: web.Request) -> web.StreamResponse:
    """Give the page; all modules are announced in it, so that the browser asks for them at once and not one by one."""
    names = sorted(each.relative_to(FILES).as_posix() for each in FILES.rglob("*.js"))
    modules = "\n".join(f'<link rel="modulepreload" href="/static/{name}">' for name in names)
    page = (FILES / "index.html").read_text(encoding="utf-8").replace("<!-- modules -->", modules)
    return web.Response(text=page, headers={**HEADERS, "Content-Type": TYPES[".html"]})


async def static(request: web.Request) -> web.StreamResponse:
    """Give a file of the page; 404 for anything outside its folder or of another kind."""
    try:
        wanted = (FILES / request.match_info["path"]).resolve()
        good = wanted.is_relative_to(FILES) and wanted.suffix in TYPES and wanted.is_file()
    except (OSError, ValueError):
        good = False
    if not good:
        return web.Response(status=404, text="There is no such file.", headers=HEADERS)
    # Small files, many at once: reading them here is faster than the thread a FileResponse would take for each.
    known = wanted.stat()
    headers = {**HEADERS, "Content-Type": TYPES[wanted.suffix], "ETag": f'"{known.st_mtime_ns:x}-{known.st_size:x}"'}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return web.Response(status=304, headers=headers)
    return web.Response(body=wanted.read_bytes(), headers=headers)
