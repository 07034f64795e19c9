// Every page of the console, as its table of addresses (src/app.tsx) has them, so that
// a new page cannot be forgotten.
//
// With records each page is opened by an owner (light, dark, and on a phone, with
// pictures in test-results/pages), an analyst, an advertiser and an affiliate (light,
// and on a phone); on a node where nothing has happened yet by the owner. As the owner
// each is also opened while the API answers late, with 500, with 403, and not at all.
// Each time it has a heading, says something, is sound for axe and within the screen;
// what failed says what to do, and works again when the API does; what comes late moves
// nothing. The states are not multiplied with the roles: they are the same parts for all.
// The owner opens each page by its address; the others follow links, as people do.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Browser, Page, Route } from "@playwright/test";
import { as, type Cookie, expect, Node, picture, sound, type Tracker, test, until } from "./world.ts";

test.describe.configure({ mode: "parallel", timeout: 300_000 });

const sources = resolve(import.meta.dirname, "../src");
const found = (file: string, what: RegExp) =>
	[...readFileSync(resolve(sources, file), "utf8").matchAll(what)].map((m) => m[1] as string);
const addresses = found("app.tsx", /\["(\/[^"]*)", \(\) => import/g);
const offerTabs = found("views/setup/offer.tsx", /\{ id: "(\w+)", sides:/g);
const tabsOf = (file: string) =>
	found(file, /^const (?:tabs|parts) = \[([^\]]+)\] as const/gm)
		.flatMap((list) => [...list.matchAll(/"(\w+)"/g)].slice(1)) // the first stands at the address alone
		.map((m) => `tab=${m[1]}`);
// What else stands at an address, by its query.
const tabs: Record<string, string[]> = {
	"/reports": [...tabsOf("views/reports/reports.tsx"), "dimensions=day,offer&chart=top"],
	"/signals": ["tab=all"],
	"/deliveries": ["tab=all", "tab=jobs"],
	"/payouts": ["to=now", "tab=made"],
	"/adjustments": ["new=1"],
	"/advertisers/:id": tabsOf("views/setup/advertiser.tsx"),
	"/affiliates/:id": tabsOf("views/setup/affiliate.tsx"),
	"/import": ["of=ids"],
};

type World = {
	/** What stands for the parts of addresses that are not the same everywhere. */
	examples: Record<string, string[]>;
	shared: string;
	people: Record<string, Cookie>;
};

/** A node on which everything has happened once. */
async function fill(node: Node, owner: Cookie, tracker: Tracker): Promise<World> {
	const long = "The quite exceptionally long-named media network of the northern countries";
	const { advertiser, offer, affiliate } = await node.market("Everything");
	const other = (await node.api("POST", "/affiliates", { name: long })).id;
	const make = (path: string, body: unknown) => node.api("POST", path, body);
	const asked = (
		await make("/offers", {
			advertiser_id: advertiser,
			name: `${long}, on request`,
			description: "Lamps.",
			category: "home",
			access: "request",
			destination_url: "https://shop.example.com/?tid={transaction_id}",
			currency: "EUR",
			payout: { type: "cpa", amount: "7" },
			revenue: { type: "cpa", amount: "9" },
		})
	).id;
	await node.api("PATCH", `/offers/${asked}/access/${other}`, { status: "approved" });
	tracker.answer = { status: 500, body: "no" };
	const subscription = (
		await make("/postbacks", {
			owner: { affiliate_id: affiliate },
			name: "Their tracker",
			url: `${tracker.url}/?c={aff_click_id}&p={payout}`,
			retry: ["1h"],
		})
	).id;
	await make("/coupons", { code: "SAVE10", offer_id: offer, affiliate_id: affiliate });
	await make("/domains", { advertiser_id: advertiser, host: "go.shop.example.com", certificate: "none" });
	await make("/links", { offer_id: offer, affiliate_id: affiliate, code: "lamps" });
	await make("/keys", { role: "affiliate", affiliate_id: affiliate, name: "tracker" });
	const people: Record<string, Cookie> = {
		owner,
		analyst: await node.person("analyst", {}, "an@pages.example.com"),
		advertiser: await node.person("advertiser", { advertiser_id: advertiser }, "ad@pages.example.com"),
		affiliate: await node.person("affiliate", { affiliate_id: affiliate }, "af@pages.example.com"),
	};
	await fetch(`${node.url}/api/v1/offers/${asked}/access`, {
		method: "POST",
		headers: {
			Cookie: `${people.affiliate?.name}=${people.affiliate?.value}`,
			Origin: node.url,
			"Content-Type": "application/json",
		},
		body: JSON.stringify({ note: "I write about lamps." }),
	});
	const ids: string[] = [];
	for (let i = 0; i < 12; i++) {
		const [o, a] = i % 3 === 0 ? [asked, other] : [offer, affiliate];
		ids.push(await node.click(o, a, { sub1: `s${i % 4}`, source: "news", aff_click_id: `their-${i}` }));
	}
	const id = (i: number) => ids[i] as string;
	for (const i of ids.keys())
		await node.postback({ transaction_id: id(i), order_id: `P-${i}`, amount: "123456.78" });
	const pixel = new URLSearchParams({ transaction_id: id(1), order_id: "P-1", amount: "100" });
	await fetch(`${node.url}/pixel.gif?${pixel}`);
	const refused = await node.postback({ transaction_id: `${id(1).slice(0, 20)}wwwwwwmmmmmm` }); // as wide as an ID can be
	const lines = ids.map((t, i) => `${t},P-${i},${i % 2 ? "1" : "123456.78"},2026-01-01T00:00:00Z`);
	const compared = await fetch(`${node.url}/api/v1/reconciliations?name=January&tz=UTC`, {
		method: "POST",
		headers: { Authorization: `Bearer ${node.key}`, "Content-Type": "text/csv" },
		body: ["transaction_id,order_id,amount,time", ...lines].join("\n"),
	});
	const [conversion] = (await node.api("GET", `/conversions?offer_id=${offer}`)).data as { id: string }[];
	const delivery = await until("a postback was tried", async () => {
		const all = (await node.api("GET", `/deliveries?subscription_id=${subscription}`)).data;
		return tracker.heard.length > 0 && (all[0] as { id: string } | undefined);
	});
	// One is paid, with a bonus, and something is owed to the other.
	const currency = "USD";
	const bonus = { amount: "12.50", currency };
	await make("/adjustments", { affiliate_id: affiliate, kind: "bonus", amount: bonus, note: "a good month" });
	await make("/adjustments", {
		advertiser_id: advertiser,
		kind: "payment",
		amount: bonus,
		note: "invoice 1",
	});
	const payout = (await make("/payouts", { affiliate_id: affiliate, currency, reference: "SEPA 1" })).id;
	await until("the payout is booked", async () => {
		return (await node.api("GET", `/payouts/${payout}`)).status === "booked";
	});
	await make("/adjustments", { affiliate_id: affiliate, kind: "bonus", amount: bonus, note: "another" });
	const share = await make(`/trace/${id(1)}/shares`, { as: "advertiser" });
	await until("reports count it", async () => {
		const got = await node.api("GET", "/reports?metrics=clicks,conversions");
		return got.total.clicks >= 12 && got.total.conversions >= 12;
	});
	return {
		people,
		shared: new URL(share.url).hash,
		examples: {
			"/trace/:id": [id(1)],
			"/conversions/:id": [conversion?.id ?? ""],
			"/signals/:id": [refused.request_id],
			"/deliveries/:id": [delivery.id],
			"/payouts/:id": [`${payout}`],
			"/reconciliation/:id": [((await compared.json()) as { id: string }).id],
			"/offers/:id": [`${offer}`],
			"/offers/:id/:tab": offerTabs.filter((t) => t !== "overview").map((t) => `${offer}/${t}`),
			"/advertisers/:id": [`${advertiser}`],
			"/affiliates/:id": [`${affiliate}`],
			"/postbacks/:id": [`${subscription}`, "new"],
		},
	};
}

// One filled node serves all tests of a worker.
const filled = new WeakMap<Node, Promise<World>>();
function world(node: Node, owner: Cookie, tracker: Tracker): Promise<World> {
	if (!filled.has(node)) filled.set(node, fill(node, owner, tracker));
	return filled.get(node) as Promise<World>;
}

/** The addresses of all pages, with examples put in, and those of their tabs. */
function paths(examples: World["examples"]): string[] {
	return addresses.flatMap((a) => {
		const some = a.includes(":") ? examples[a] : [""];
		if (!some?.length || (a.includes(":") && some.includes("")))
			throw new Error(`there is no example for the page ${a}`);
		const stem = a.slice(1, a.includes(":") ? a.indexOf("/:") + 1 : undefined);
		return [...some, ...(tabs[a] ?? []).map((tab) => `${some[0]}?${tab}`)].map((s) => stem + s);
	});
}

/** Waits until nothing on the page is still on its way. */
async function settled(page: Page): Promise<void> {
	const waiting = '.skeleton, .spin, [aria-busy="true"]';
	const done = await page
		.waitForFunction(
			(sel) =>
				document.querySelector("h1") && !document.querySelector(sel) && document.fonts.status === "loaded",
			waiting,
			{ timeout: 15_000 },
		)
		.catch(() => null);
	if (done) return;
	const left = await page.locator(waiting).evaluateAll((all) => all.map((e) => e.parentElement?.outerHTML));
	throw new Error(`${page.url()} has no heading, or waits for ever: ${left.join("\n").slice(0, 2000)}`);
}

/** Holds a page to having a heading and words, none of which a program has forgotten. */
async function speaks(page: Page, what: string): Promise<void> {
	await expect(page.getByRole("heading", { level: 1 }), what).toHaveCount(1);
	const said = await page.evaluate(() => {
		const main = document.querySelector("main") as HTMLElement;
		const own = main.cloneNode(true) as HTMLElement;
		for (const e of own.querySelectorAll("pre, code, textarea")) e.remove();
		const titles = [...own.querySelectorAll("[title], [aria-label], [placeholder]")].flatMap((e) =>
			["title", "aria-label", "placeholder"].map((a) => e.getAttribute(a) ?? ""),
		);
		return { words: main.textContent ?? "", all: [own.textContent, document.title, ...titles].join("\n") };
	});
	expect(said.words.trim().length, `${what} says nothing`).toBeGreaterThan(20);
	expect(said.all, what).not.toMatch(/\bundefined\b|\bNaN\b|\[object |Invalid Date|=>|\$\{|\bnull\b/);
}

const desk = { width: 1360, height: 900 };
const phone = { width: 360, height: 780 };

async function within(page: Page, size: typeof desk): Promise<void> {
	await page.setViewportSize(size);
	const over = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
	await expect.poll(over, `${page.url()} is wider than ${size.width}`).toBeLessThanOrEqual(0);
}

/** What the picture of a page is called. What an ID is differs from run to run. */
const nameOf = (path: string) =>
	path
		.split(/[/?=&#,]+/)
		.map((part) => (/\d/.test(part) ? "one" : part))
		.filter(Boolean)
		.join("-") || "overview";

/** Looks at all pages, two at a time, each in a tab that is used again. */
async function visit(
	browser: Browser,
	node: Node,
	who: Cookie | null,
	all: string[],
	look: (page: Page, path: string) => Promise<void>,
	before?: (page: Page) => Promise<unknown>,
): Promise<void> {
	const left = [...all];
	const tab = async () => {
		const page = await as(browser, node, who, { viewport: desk, reducedMotion: "reduce" });
		await before?.(page);
		for (let path = left.shift(); path !== undefined; path = left.shift()) {
			await page.setViewportSize(desk);
			await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
			await look(page, path);
		}
		await page.unrouteAll({ behavior: "ignoreErrors" });
		await page.context().close();
	};
	await Promise.all([tab(), tab()]);
}

/** Opens a page by its address, and waits until it is there. */
async function open(page: Page, path: string): Promise<void> {
	// Where only the part after # differs nothing would be loaded.
	if (path.includes("#")) await page.goto("about:blank");
	await page.goto(path);
	await settled(page);
}

/** Opens a page as a link within the console does, which loads nothing anew. */
async function follow(page: Page, path: string): Promise<void> {
	if (page.url() === "about:blank") return open(page, path);
	await page.evaluate(async (to) => {
		history.pushState(null, "", to);
		for (let frame = 0; frame < 2; frame++) await new Promise((done) => requestAnimationFrame(done));
	}, `/console/${path}`);
	await settled(page);
}

for (const half of [0, 1]) {
	test(`with records, in both themes and on a phone, ${half + 1} of 2`, async ({
		browser,
		node,
		owner,
		tracker,
	}) => {
		const { examples, shared } = await world(node, owner, tracker);
		const all = [...paths(examples), "no-such-page"].filter((_, i) => i % 2 === half);
		const look = async (page: Page, path: string) => {
			await open(page, path);
			await speaks(page, path);
			await sound(page);
			await picture(page, nameOf(path));
			await sound(page, "color-contrast"); // in the dark, where the picture has left it
			await page.emulateMedia({ colorScheme: "light" });
			await within(page, phone);
			await sound(page);
			await page.screenshot({ path: `test-results/pages/${nameOf(path)}-phone.png`, fullPage: true });
		};
		await visit(browser, node, owner, all, look);
		if (half === 0) await visit(browser, node, null, ["login", "link#wrong", `shared${shared}`], look);
	});
}

for (const role of ["analyst", "advertiser", "affiliate"]) {
	test(`with records, as ${role}`, async ({ browser, node, owner, tracker }) => {
		const { examples, people } = await world(node, owner, tracker);
		await visit(browser, node, people[role] as Cookie, paths(examples), async (page, path) => {
			await follow(page, path);
			await speaks(page, `${path} as ${role}`);
			await sound(page);
			await within(page, phone);
		});
	});
}

test("where nothing has happened yet", async ({ browser }) => {
	const node = new Node();
	await node.start();
	try {
		const owner = await node.owner();
		const none = Object.fromEntries(addresses.filter((a) => a.includes(":")).map((a) => [a, ["1"]]));
		none["/offers/:id/:tab"] = ["1/goals"];
		await visit(browser, node, owner, paths(none), async (page, path) => {
			await follow(page, path);
			await speaks(page, path);
			await sound(page);
			await page.screenshot({ path: `test-results/pages/empty-${nameOf(path)}.png`, fullPage: true });
			await within(page, phone);
		});
	} finally {
		await node.stop();
	}
});

// What a page asks of the API, but for what stands around every page.
const around = /\/api\/v1\/(me|search)\b/;

/** What becomes of all that a page asks of the API. */
type Fate = (r: Route) => Promise<void>;

const works: Fate = (r) => r.fallback();
const unreachable: Fate = (r) => r.abort();
const refuses =
	(status: number, title: string): Fate =>
	(r) =>
		r.fulfill({
			status,
			contentType: "application/problem+json",
			body: JSON.stringify({ type: "urn:waybill:problem:some", title, status }),
		});

/** Has the API do what `fate` says, which may be changed while the page is open. */
async function fated(page: Page, fate: Fate): Promise<{ now: Fate }> {
	const api = { now: fate };
	await page.route("**/api/v1/**", (r) => (around.test(r.request().url()) ? r.fallback() : api.now(r)));
	return api;
}

// Pages that read nothing of their own, or only what helps to fill their fields in.
const needless = new Set(["import", "import?of=ids", "links", "trace", "account", "postbacks/new"]);

/** Has whatever waits a second or more wait less, such as to ask once more by itself. */
const hasty = (page: Page) =>
	page.addInitScript(() => {
		const real = window.setTimeout;
		const fast = (what: TimerHandler, ms = 0, ...more: unknown[]) =>
			real(what, ms >= 1000 ? ms / 20 : ms, ...more);
		window.setTimeout = fast as typeof window.setTimeout;
	});

for (const half of [0, 1]) {
	test(`while the API fails, cannot be reached, and is back, ${half + 1} of 2`, async ({
		browser,
		node,
		owner,
		tracker,
	}) => {
		const { examples } = await world(node, owner, tracker);
		const apis = new Map<Page, { now: Fate }>();
		const all = paths(examples).filter((_, i) => i % 2 === half);
		const look = async (page: Page, path: string) => {
			const api = apis.get(page) as { now: Fate };
			api.now = refuses(500, "Broken");
			await open(page, path);
			await speaks(page, `${path} while the API fails`);
			if (needless.has(path)) return;
			const failed = page.locator("main").getByText("could not be loaded");
			await expect(failed.first(), path).toBeVisible();
			await sound(page);
			await within(page, phone);
			// Pressed all at once: what is read every few seconds comes back by itself.
			const again = () =>
				page
					.getByRole("button", { name: "Try again" })
					.evaluateAll((all) => all.map((b) => (b as HTMLElement).click()));
			api.now = unreachable;
			await again();
			await expect(page.locator("main").getByText("Check the connection").first(), path).toBeVisible();
			await speaks(page, `${path} while the API cannot be reached`);
			api.now = works;
			await again();
			await expect(failed, `${path} when the API is back`).toHaveCount(0);
			await settled(page);
			await speaks(page, `${path} when the API is back`);
		};
		await visit(browser, node, owner, all, look, async (page) => {
			await hasty(page);
			apis.set(page, await fated(page, works));
		});
	});
}

test("while the API refuses", async ({ browser, node, owner, tracker }) => {
	const { examples } = await world(node, owner, tracker);
	const look = async (page: Page, path: string) => {
		await follow(page, path);
		await speaks(page, `${path} while the API refuses`);
		if (needless.has(path)) return;
		await expect(page.locator("main").getByText("not yours to see").first(), path).toBeVisible();
		await expect(page.getByRole("button", { name: "Try again" }), path).toHaveCount(0);
		await sound(page);
		await within(page, phone);
	};
	await visit(browser, node, owner, paths(examples), look, (page) => fated(page, refuses(403, "Not yours")));
});

test("while a page's own code cannot be loaded", async ({ browser, node, owner }) => {
	const page = await as(browser, node, owner, { viewport: desk });
	await open(page, "");
	const gone = /\/assets\/offers-.*\.js/;
	await page.route(gone, (r) => r.abort());
	await page.getByRole("link", { name: "Offers", exact: true }).click();
	await expect(page.getByRole("heading", { level: 1, name: "This page broke" })).toBeVisible();
	await speaks(page, "a page without its code");
	// Another page works, and so does this one when it is loaded again.
	await page.getByRole("link", { name: "Reports", exact: true }).click();
	await expect(page.getByRole("heading", { level: 1, name: "Reports" })).toBeVisible();
	await page.unroute(gone);
	await page.goBack();
	await page.getByRole("button", { name: "Load again" }).click();
	await expect(page.getByRole("heading", { level: 1, name: "Offers" })).toBeVisible();
	await page.context().close();
});

type Shift = { value: number; hadRecentInput: boolean; sources: { node?: Element }[] };
type Moved = { by: number; what: string }[];

test("what comes late moves nothing", async ({ browser, node, owner, tracker }) => {
	const { examples } = await world(node, owner, tracker);
	const look = async (page: Page, path: string) => {
		await page.goto(path);
		// While it waits it is not blank.
		await expect(page.getByRole("heading", { level: 1 }).or(page.getByRole("status")).first()).toBeVisible();
		await settled(page);
		await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50))));
		const moved = await page.evaluate(() => (window as unknown as { moved: Moved }).moved);
		const sum = moved.reduce((all, m) => all + m.by, 0);
		expect(sum, `${path} jumps: ${JSON.stringify(moved)}`).toBeLessThan(0.1);
	};
	await visit(browser, node, owner, paths(examples), look, async (page) => {
		await fated(page, async (r) => {
			await new Promise((done) => setTimeout(done, 500));
			await r.fallback();
		});
		await page.addInitScript(() => {
			const w = window as unknown as { moved: Moved };
			w.moved = [];
			new PerformanceObserver((list) => {
				for (const e of list.getEntries() as unknown as Shift[]) {
					if (e.hadRecentInput) continue;
					w.moved.push({ by: e.value, what: e.sources.map((s) => s.node?.className ?? "?").join(", ") });
				}
			}).observe({ type: "layout-shift", buffered: true });
		});
	});
});

test("a keyboard reaches what matters", async ({ browser, node, owner, tracker }) => {
	const { examples } = await world(node, owner, tracker);
	const page = await as(browser, node, owner, { viewport: desk });
	await page.goto("offers");
	await settled(page);
	// The first stop leads past the menu; the one after it in the page is its main action.
	await page.keyboard.press("Tab");
	await expect(page.getByRole("link", { name: "Skip to the content" })).toBeFocused();
	await page.keyboard.press("Enter");
	await expect(page.locator("main")).toBeFocused();
	await page.keyboard.press("Tab");
	const make = page.getByRole("button", { name: "New offer" });
	await expect(make).toBeFocused();
	await page.keyboard.press("Enter");
	await expect(page.getByRole("dialog")).toBeVisible();
	await page.keyboard.press("Escape");
	await expect(page.getByRole("dialog")).toHaveCount(0);
	await expect(make).toBeFocused();
	// The search is there from everywhere.
	for (const path of ["offers", `conversions/${examples["/conversions/:id"]?.[0]}`, "reports"]) {
		await page.goto(path);
		await settled(page);
		await page.keyboard.press("/");
		await expect(page.getByRole("combobox", { name: /^Find any ID/ })).toBeFocused();
		await page.keyboard.press("Escape");
	}
	// A menu opens, moves and closes, and gives the focus back.
	const you = page.getByRole("button", { name: "Olive Owner" });
	await you.focus();
	await page.keyboard.press("Enter");
	await expect(page.getByRole("menuitem").first()).toBeFocused();
	await page.keyboard.press("ArrowDown");
	await expect(page.getByRole("menuitem").nth(1)).toBeFocused();
	await page.keyboard.press("Escape");
	await expect(you).toBeFocused();
	// On a phone the menu of pages opens, closes by Escape, and gives the focus back.
	await page.setViewportSize(phone);
	const menu = page.getByRole("button", { name: "Menu" });
	await menu.focus();
	await page.keyboard.press("Enter");
	await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
	await page.keyboard.press("Escape");
	await expect(page.getByRole("navigation", { name: "Main" })).toBeHidden();
	await expect(menu).toBeFocused();
	await page.context().close();
});
