"""A small shop on a real socket, whose ids and tokens are new in every process life: nothing recorded fits again.

It has what a recording has to cope with: a hidden form token, a session cookie, a token cookie that a header repeats, a
bearer token in a page, ids in JSON, in links and in a Location header, and redirects.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

PASSWORD = "correct-horse-9"
EMAIL = "clerk@meridian-pharma.example"

Reply = tuple[int, dict[str, str], str]


@dataclass
class Shop:
    """The shop's memory. `api_key`: a bearer token that is good without a login."""

    api_key: str = ""
    url: str = ""
    customers: list[int] = field(default_factory=lambda: [secrets.randbelow(90_000) + 10_000 for _ in range(5)])
    orders: dict[str, int] = field(default_factory=dict)
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def answer(self, method: str, target: str, headers: dict[str, str], body: str) -> Reply:
        parts = urlsplit(target)
        self.asked.append(f"{method} {parts.path}")
        cookies = {name: one.value for name, one in SimpleCookie(headers.get("cookie", "")).items()}
        session = self.sessions.get(cookies.get("session", ""))
        match (method, parts.path.strip("/").split("/")):
            case ("GET", [""]):
                return 200, {}, "<h1>Shop</h1>"
            case ("GET", ["login"]):
                return self._form()
            case ("POST", ["login"]):
                return self._log_in(session, {key: value[0] for key, value in parse_qs(body).items()})
            case ("GET", ["dashboard"]) if session and session["is_in"]:
                links = "".join(f'<li><a href="/customers/{one}">{one}</a></li>' for one in self.customers)
                return 200, {}, f'<meta name="api-token" content="{session["token"]}"><ul>{links}</ul>'
            case ("GET", ["customers", number]) if session and session["is_in"]:
                return (200, {}, "<h1>Customer</h1>") if int(number) in self.customers else (404, {}, "")
            case ("GET" | "POST" | "DELETE", ["api", *path]):
                token = headers.get("authorization", "").removeprefix("Bearer ")
                if token not in self.tokens and not (self.api_key and token == self.api_key):
                    return 401, {}, '{"detail": "who are you?"}'
                may_write = bool(session) and headers.get("x-xsrf-token") == session["xsrf"]
                return self._api(method, path, body, may_write=may_write or token == self.api_key)
            case ("GET", ["static", *_]):
                return 200, {"Content-Type": "text/css"}, "h1 { color: red }"
        return 403 if session is None else 404, {}, "no"

    def _form(self) -> Reply:
        name = secrets.token_urlsafe(24)
        self.sessions[name] = session = {
            "csrf": secrets.token_urlsafe(24),
            "xsrf": secrets.token_urlsafe(24),
            "token": "",
            "is_in": False,
        }
        form = (
            f'<form><input name="q" value="1"><input type="hidden" name="csrf_token" value="{session["csrf"]}"></form>'
        )
        return 200, {"Set-Cookie": f"session={name}; Path=/; HttpOnly", "X-Token-Cookie": session["xsrf"]}, form

    def _log_in(self, session: dict[str, Any] | None, fields: dict[str, str]) -> Reply:
        if session is None or fields.get("csrf_token") != session["csrf"] or fields.get("password") != PASSWORD:
            return 403, {}, "no"
        session["token"], session["is_in"] = secrets.token_hex(20), True
        self.tokens.add(session["token"])
        return 303, {"Location": "/dashboard", "Set-Cookie": f"XSRF-TOKEN={session['xsrf']}; Path=/"}, ""

    def _api(self, method: str, path: list[str], body: str, *, may_write: bool) -> Reply:
        match (method, path):
            case ("GET", ["customers"]):
                rows = [{"id": one, "name": f"Customer {at}"} for at, one in enumerate(self.customers)]
                return 200, {}, json.dumps({"items": rows, "total": len(rows)})
            case ("GET", ["customers", number]) if number.isdigit() and int(number) in self.customers:
                return 200, {}, json.dumps({"id": int(number)})
            case ("POST", ["orders"]) if may_write and json.loads(body)["customer_id"] in self.customers:
                name = str(uuid.uuid4())
                self.orders[name] = json.loads(body)["customer_id"]
                return 201, {"Location": f"/api/orders/{name}"}, "{}"
            case ("GET", ["orders", name]) if name in self.orders:
                return 200, {}, json.dumps({"id": name, "customer_id": self.orders[name]})
        return 404, {}, '{"detail": "no such thing"}'


@contextlib.contextmanager
def a_shop(api_key: str = "") -> Iterator[Shop]:
    """An open shop; its `url` says where."""
    shop = Shop(api_key)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more, text = shop.answer(self.command, self.path, headers, body)
            self.send_response(status)
            kind = "application/json" if text[:1] == "{" else "text/html"
            for name, value in ({"Content-Type": kind} | more).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_DELETE = reply  # noqa: N815 (http.server's names)

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    shop.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield shop
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Browser:
    """Visits, and writes down what a browser would: entries of a HAR. Redirects are entries of their own."""

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=url, trust_env=False)
        self.entries: list[dict[str, Any]] = []
        self.clock = datetime(2025, 9, 17, 6, 0, tzinfo=UTC)

    def visit(
        self, method: str, path: str, *, after_s: float = 0.0, kind: str = "document", **more: Any
    ) -> httpx.Response:
        """Ask, follow where the reply leads, and note both."""
        self.clock += timedelta(seconds=after_s)
        reply = self.client.request(method, path, **more)
        self.entries.append(entry_of(reply, self.clock, kind))
        self.clock += timedelta(milliseconds=40)
        if reply.status_code == 303:
            return self.visit("GET", reply.headers["location"])
        return reply


def entry_of(reply: httpx.Response, at: datetime, kind: str) -> dict[str, Any]:
    """A HAR entry of a real exchange."""
    request = reply.request
    posted = request.content.decode()
    entry: dict[str, Any] = {
        "startedDateTime": at.isoformat(),
        "time": 40.0,
        "_resourceType": kind,
        "request": {
            "method": request.method,
            "url": str(request.url),
            "headers": _pairs(request.headers),
            "cookies": [],
        },
        "response": {
            "status": reply.status_code,
            "headers": _pairs(reply.headers),
            "content": {"mimeType": reply.headers.get("content-type", ""), "text": reply.text},
        },
    }
    if posted:
        entry["request"]["postData"] = {"mimeType": request.headers.get("content-type", ""), "text": posted}
    return entry


def _pairs(headers: httpx.Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.multi_items()]


def a_session(url: str) -> dict[str, Any]:
    """The HAR of one visit, as a person makes it: log in, look at customers, order something, look at the order."""
    browser = Browser(url)
    with browser.client:
        _visit(browser)
    return {"log": {"version": "1.2", "creator": {"name": "a test"}, "entries": browser.entries}}


def _visit(browser: Browser) -> None:
    browser.visit("GET", "/")
    browser.visit("GET", "/static/app.css", kind="stylesheet")
    form = browser.visit("GET", "/login", after_s=1.5).text
    csrf = form.rpartition('value="')[2].partition('"')[0]
    page = browser.visit(
        "POST", "/login", after_s=2.0, data={"csrf_token": csrf, "email": EMAIL, "password": PASSWORD}
    ).text
    token = page.partition('content="')[2].partition('"')[0]
    api = {"Authorization": f"Bearer {token}", "X-Requested-With": "XMLHttpRequest"}
    link = page.partition('href="')[2].partition('"')[0]
    browser.visit("GET", link, after_s=1.0)
    customers = browser.visit("GET", "/api/customers?page=1", kind="xhr", headers=api).json()["items"]
    chosen = customers[2]["id"]
    browser.visit("GET", f"/api/customers/{chosen}", kind="xhr", headers=api)
    api["X-XSRF-TOKEN"] = browser.client.cookies["XSRF-TOKEN"]
    order = {"customer_id": chosen, "items": [{"product_id": 7, "quantity": 2}]}
    made = browser.visit("POST", "/api/orders", kind="xhr", headers=api, json=order, after_s=3.0)
    browser.visit("GET", made.headers["location"], kind="xhr", headers=api)
