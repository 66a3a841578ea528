"""`/a/TOKEN`: people act by it, scanners do not, and a link that is over says exactly why."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from html.parser import HTMLParser

import httpx
import pytest

from bot.app import App, Parts
from bot.cards.token import Link, mint, mint_link
from bot.clock import Ids, VirtualClock
from bot.engine.events import Acknowledge, Reopen, Resolve
from bot.engine.model import DAY, HOUR, MINUTE, Incident, Severity
from bot.store.memory import MemoryStore
from tests.scenarios.company import company
from tests.sim.world import instant
from webhooks.app import web_app
from webhooks.links import COOKIE

KEY = b"the key of links"
MORNING = instant("2026-03-03T10:00")


class Forms(HTMLParser):
    """What a machine finds in a page: the fields of its forms."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "input":
            self.fields[given["name"]] = given["value"]


@dataclass
class Site:
    """One incident for Ann and Bo, and the page that links lead to."""

    app: App
    clock: VirtualClock
    web: httpx.AsyncClient
    incident: Incident

    def browser(self) -> httpx.AsyncClient:
        """Somebody else's browser: it has no cookie yet."""
        return httpx.AsyncClient(transport=self.web._transport, base_url="https://tocsin.example.com")

    def link(self, verb: str = "ack", holder: str = "ann", **changes) -> str:
        made = Link(
            verb=verb, incident=self.incident.id, rev=self.incident.rev, holder=holder, until=self.clock.now() + DAY
        )
        return "/a/" + mint_link(KEY, replace(made, **changes))

    def later(self, span: int) -> None:
        self.clock.set(self.clock.now() + span)

    async def open_and_press(self, link: str, browser: httpx.AsyncClient | None = None) -> httpx.Response:
        """What a person does."""
        browser = browser or self.browser()
        asked = await browser.get(link)
        return await browser.post(link, data=Forms(asked.text).fields)

    async def now(self) -> Incident:
        return await self.app.committer.read(lambda tx: tx.incidents([self.incident.id])[self.incident.id])

    async def happen(self, event) -> None:
        await self.app.transact(lambda tx: self.app.service.happen(tx, self.incident.id, event))


def visit(story: Callable[[Site], Awaitable[None]], world=None) -> None:
    clock = VirtualClock(MORNING)
    parts = Parts(
        world=world or company(), store=MemoryStore(), adapters={}, parsers={}, key=KEY, clock=clock, ids=Ids(seed=1)
    )
    app = App(parts)
    site = web_app(app, lambda: None)

    async def run() -> None:
        transport = httpx.ASGITransport(site)
        async with (
            site.router.lifespan_context(site),
            httpx.AsyncClient(transport=transport, base_url="https://tocsin.example.com") as web,
        ):
            opened = await app.transact(
                lambda tx: app.service.open_by_hand(
                    tx,
                    channel="ops",
                    title="disk <full>",
                    severity=Severity.CRITICAL,
                    by="cy",
                )
            )
            await story(Site(app, clock, web, opened.incident))

    asyncio.run(run())


def said(answer: httpx.Response) -> str:
    found = re.search(r"<h1>(.*?)</h1>", answer.text, re.DOTALL)
    assert found
    return found[1]


def test_a_person_opens_reads_in_whose_name_and_presses():
    async def story(site: Site) -> None:
        browser = site.browser()
        asked = await browser.get(site.link())
        assert asked.status_code == 200
        assert "Ann Ames, do you have #1 disk &lt;full&gt;?" in asked.text
        assert "You act as Ann Ames. Not you? Close this page" in asked.text
        assert "<script" not in asked.text
        done = await browser.post(site.link(), data=Forms(asked.text).fields)
        assert (done.status_code, said(done)) == (200, "#1: You have it now.")
        assert [r.member for r in (await site.now()).responders if r.acked_at] == ["ann"]

    visit(story)


def test_the_page_is_in_the_members_language_and_for_their_browser_only():
    world = company()
    world = replace(world, members={**world.members, "ann": replace(world.members["ann"], lang="zh", name="安")})

    async def story(site: Site) -> None:
        asked = await site.browser().get(site.link())
        assert "你将以安的身份操作" in asked.text
        cookie = asked.headers["set-cookie"]
        for word in (COOKIE, "HttpOnly", "Path=/a/", "SameSite=strict", "Secure"):
            assert word in cookie
        assert asked.headers["cache-control"] == "no-store"
        assert "form-action 'self'" in asked.headers["content-security-policy"]

    visit(story, world)


async def scan(site: Site, link: str) -> list[int]:
    """A mail scanner: fetches every link in every way, and sends the forms that it finds, without keeping cookies."""
    codes = []
    for _ in range(3):
        async with site.browser() as browser:
            methods = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH")
            codes += [(await browser.request(method, link)).status_code for method in methods]
            page = (await browser.get(link)).text
        fields = Forms(page).fields
        for form in (fields, {"sure": "yes"}, {}, dict.fromkeys(fields, "yes")):
            async with site.browser() as browser:
                codes.append((await browser.post(link, data=form)).status_code)
            async with site.browser() as browser:
                codes.append(
                    (await browser.post(link, data=form, headers={"Cookie": f"{COOKIE}={'x' * 30}"})).status_code
                )
    return codes


@pytest.mark.parametrize("verb", ["ack", "escalate"])
def test_a_scanner_changes_nothing_and_uses_nothing_up(verb: str):
    async def story(site: Site) -> None:
        before = await site.now()
        codes = await scan(site, site.link(verb))
        assert set(codes) == {200, 405, 400}
        assert await site.now() == before
        done = await site.open_and_press(site.link(verb))
        assert done.status_code == 200
        assert await site.now() != before

    visit(story)


def test_the_form_of_one_link_does_not_serve_another():
    async def story(site: Site) -> None:
        browser = site.browser()
        fields = Forms((await browser.get(site.link("ack"))).text).fields
        assert (await browser.post(site.link("escalate"), data=fields)).status_code == 400
        other = site.browser()
        await other.get(site.link("ack"))
        assert (await other.post(site.link("ack"), data=fields)).status_code == 400

    visit(story)


def test_two_pages_that_are_open_at_once_both_work():
    async def story(site: Site) -> None:
        browser = site.browser()
        first = Forms((await browser.get(site.link("ack", "ann"))).text).fields
        second = Forms((await browser.get(site.link("ack", "bo"))).text).fields
        assert (await browser.post(site.link("ack", "ann"), data=first)).status_code == 200
        assert (await browser.post(site.link("ack", "bo"), data=second)).status_code == 200

    visit(story)


def test_a_link_works_once_and_says_when_and_in_whose_name_it_did():
    async def story(site: Site) -> None:
        link = site.link()
        await site.open_and_press(link)
        done = await site.now()
        site.later(5 * MINUTE)
        for again in (await site.open_and_press(link), await site.browser().get(link)):
            assert again.status_code == 410
            assert said(again) == (
                "Nothing was changed: this link was used at 10:00, in the name of Ann Ames. Each link works once."
            )
        assert await site.now() == done

    visit(story)


def test_five_presses_at_once_are_one():
    async def story(site: Site) -> None:
        link, browser = site.link("escalate"), site.browser()
        fields = Forms((await browser.get(link)).text).fields
        answers = await asyncio.gather(*(browser.post(link, data=fields) for _ in range(5)))
        assert sorted(answer.status_code for answer in answers) == [200, 410, 410, 410, 410]

    visit(story)


def test_a_link_is_over_after_a_day_and_says_until_when_it_worked():
    async def story(site: Site) -> None:
        link = site.link()
        site.later(DAY - MINUTE)
        assert (await site.browser().get(link)).status_code == 200
        site.later(MINUTE)
        late = await site.open_and_press(link)
        assert (late.status_code, "this link worked until 4 Mar 10:00" in said(late)) == (410, True)
        assert not (await site.now()).acked_at

    visit(story)


def test_a_closed_incident_says_who_closed_it():
    async def story(site: Site) -> None:
        await site.happen(Resolve(by="bo", via="slack"))
        site.later(HOUR)
        late = await site.open_and_press(site.link())
        assert (late.status_code, said(late)) == (410, "#1: Nothing was changed: Bo Berg closed it 1 h ago.")

    visit(story)


def test_a_link_from_before_it_was_reopened_is_of_another_time():
    async def story(site: Site) -> None:
        await site.happen(Resolve(by="bo", via="slack"))
        await site.happen(Reopen(by="bo", via="slack", reason="not over"))
        late = await site.open_and_press(site.link())
        assert (late.status_code, said(late)) == (
            410,
            "#1: Nothing was changed: it was reopened since. Use the current card.",
        )

    visit(story)


def test_a_link_that_asks_for_what_is_true_already_says_so_and_stays_unused():
    async def story(site: Site) -> None:
        await site.happen(Acknowledge(by="ann", via="slack"))
        asked = await site.browser().get(site.link())
        assert (asked.status_code, said(asked)) == (410, "#1: You have it already, since 10:00.")

    visit(story)


def test_a_member_who_left_or_has_no_seat_any_more_cannot_act():
    async def story(site: Site) -> None:
        world = site.app.directory.world()
        nobody = {name: each for name, each in world.members.items() if name != "ann"}
        site.app.directory.declare(replace(world, members=nobody))
        gone = await site.open_and_press(site.link())
        assert (gone.status_code, "made for ann, who is no longer a member" in said(gone)) == (410, True)
        assert "without a seat" in said(await site.open_and_press(site.link(holder="ed")))
        assert not (await site.now()).acked_at

    visit(story)


@pytest.mark.parametrize(
    "change",
    [
        lambda link: link[:-1] + ("A" if link[-1] != "A" else "B"),
        lambda link: link.replace("ack", "resolve"),
        lambda link: link.replace(".ann.", ".bo."),
        lambda _: "/a/" + mint(KEY, "ack", "0" * 16, 1),
        lambda _: "/a/x",
        lambda _: "/a/" + "x" * 500,
    ],
)
def test_a_forged_link_leads_nowhere(change):
    async def story(site: Site) -> None:
        forged = change(site.link())
        for answer in (await site.browser().get(forged), await site.browser().post(forged, data={"sure": "yes"})):
            assert (answer.status_code, "not valid" in said(answer)) == (410, True)

    visit(story)


def test_a_link_may_not_do_what_mails_do_not_offer():
    async def story(site: Site) -> None:
        answer = await site.open_and_press(site.link("resolve"))
        assert (answer.status_code, "not valid" in said(answer)) == (410, True)
        assert not (await site.now()).closed_at

    visit(story)


def test_a_form_that_is_too_long_is_not_read():
    async def story(site: Site) -> None:
        browser = site.browser()
        fields = Forms((await browser.get(site.link())).text).fields
        assert (await browser.post(site.link(), data=fields | {"x": "y" * 5_000})).status_code == 400

    visit(story)
