from __future__ import annotations
import asyncio, time, threading
from bot.adapters.base import Sent, SendError, Transient, Phone
from bot.adapters.vendors.contract import Outgoing, Words
from bot.adapters.vendors.line import Line
from bot.clock import Ids
from bot.deliver import Deliver, Job
from bot.engine.vendors import Why
from bot.phones import Carried, Choice, Phones
from bot.store.base import Delivery, Lane

class Wall:
    def now(self): return int(time.time() * 1000)

async def test_A_the_first_took_it_and_the_hedge_hangs():
    async def hang(r, w):
        await asyncio.sleep(60)
    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    class V:
        name = "beta"
        def request(self, to, words, **k): return Outgoing(method="POST", url=f"http://127.0.0.1:{port}/", headers={}, body=b"x")
    line = Line(vendor=V(), now=lambda: int(time.time()))
    await line.start()
    class A:
        receipts = True
        class caps: vendors = True
        def route(self, a): return ("alpha", "beta")
        def mark(self, key): return key
        async def call(self, vendor, address, message, *, key):
            if vendor == "alpha":
                await asyncio.sleep(3)
                return Sent(ref="", provider_id="p1")
            return await line.send(address, Words(text="x", values={}, lang="en"), key=key)
    d = Deliver.__new__(Deliver)
    d._adapters = {"voice": A()}
    d.phones = Phones(None, d._adapters, Wall(), Ids())
    row = Delivery(id="1", key="k", incident="i", carrier="voice", address="+14155550101", lane=Lane.PAGE, due_at=0, created_at=0, expires_at=0)
    out = []
    loop = asyncio.get_running_loop()
    await asyncio.sleep((0.55 - loop.time() % 1) % 1)   # the worst quarter of each second
    began = time.time()
    outcome = await d.send(Job(row=row, message={}, plain={}, rev=1, choice=Choice(vendor="alpha", why=Why.FIRST, key="k:1", hedge="beta")))
    print(time.time() - began, outcome)
    await line.stop(); server.close()
    assert isinstance(outcome, Carried), outcome
    assert "alpha" in outcome.takers
