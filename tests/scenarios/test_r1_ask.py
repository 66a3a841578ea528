from __future__ import annotations
import asyncio, time
from bot.adapters.base import Receipt, Transient
from bot.inquiries import Inquiries
from bot.store.base_tries import Try
class Wall:
    def now(self): return int(time.time() * 1000)
async def test_K_a_vendor_that_hangs_holds_up_no_question_to_another():
    heard = []
    class A:
        class caps: vendors = True
        async def ask(self, vendor, pid):
            if vendor == "hung":
                await asyncio.sleep(0.5)   # five seconds in the product
                raise Transient("timeout")
            return Receipt(carrier="sms", state="delivered", vendor=vendor, provider_id=pid)
    now = Wall().now() - 7000
    waiting = [Try(id=f"h{n}", delivery="d", carrier="sms", vendor="hung", began_at=now, ended_at=now, verdict="taken", provider_id=f"h{n}", look_at=now+12000) for n in range(5)]
    waiting += [Try(id="w", delivery="d", carrier="sms", vendor="well", began_at=now + 1, ended_at=now, verdict="taken", provider_id="w", look_at=now+12000)]
    async def read(work): return waiting
    began = time.monotonic()
    async def notice(r): heard.append((r.provider_id, time.monotonic() - began))
    await Inquiries({"sms": A()}, read, notice, Wall()).step()
    assert heard[0][1] < 0.4, heard
    assert time.monotonic() - began < 1, time.monotonic() - began
