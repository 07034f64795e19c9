// What an affiliate and an advertiser do in their portals, from the invitation to the
// money, and that neither is ever told what is the other's: every page they open is
// read, and every answer their browser gets.
import type { Browser, Page } from "@playwright/test";
import { by } from "./rivals.ts";
import { as, type Cookie, expect, Node, password, picture, sound, Tracker, test, until } from "./world.ts";

test.describe.configure({ mode: "serial" });

// Amounts that no time, count or sale is by chance, with their sums for two and three
// conversions, as the API and as pages write them.
const payouts = ["511.13", "1022.26", "1,022.26", "1533.39", "1,533.39"];
const revenues = ["837.29", "1674.58", "1,674.58", "2511.87", "2,511.87"];
const profits = ["326.16", "652.32", "978.48"];
const visitorIP = "203.0.113.77";
const shopIP = "198.51.100.23";
const addresses = [visitorIP, shopIP];

/** What somebody must not be told: by the names of fields, on pages, and by value. */
type Secrets = { fields: string[]; words: RegExp; values: string[] };

const fromAffiliates: Secrets = {
	fields: [
		"revenue",
		"profit",
		"margin",
		"ip",
		"user_agent",
		"raw",
		"sent_to",
		"advertiser_id",
		"destination_url",
	],
	words: /\b(revenue|profit|margin)\b/i,
	values: [...revenues, ...profits, ...addresses, "Zephyr Media", "Acorn Store"],
};
const fromAdvertisers: Secrets = {
	fields: ["payout", "profit", "margin", "ip", "aff_click_id"],
	words: /\b(payout|payouts|profit|margin)\b/i,
	values: [...payouts, ...profits, visitorIP, "Zephyr Media", "Walnut Blog", "trk-"],
};

/** Everything that somebody was shown and told. */
class Witness {
	readonly pages: { at: string; text: string }[] = [];
	readonly answers: { at: string; text: string }[] = [];
	#since = 0;

	/** Forgets what was told, and what is on its way. */
	forget(): void {
		this.answers.length = 0;
		this.#since++;
	}

	/** Listens to all that the API tells a page from now on. */
	async listen(page: Page): Promise<void> {
		await page.route("**/api/v1/**", async (route) => {
			const url = route.request().url();
			const since = this.#since;
			// A stream ends only when one leaves; what it tells is asked for beside it.
			if (url.includes("/overview/live")) return route.continue();
			try {
				const response = await route.fetch();
				const text = await response.text();
				if (since === this.#since) this.answers.push({ at: `${route.request().method()} ${url}`, text });
				await route.fulfill({ response, body: text });
			} catch {
				await route.abort().catch(() => undefined); // the page was left meanwhile
			}
		});
	}

	/** Opens a page, holds it to what every page must be, and reads it. */
	async open(page: Page, path: string, name: string): Promise<void> {
		await page.goto(path);
		await this.read(page, name);
	}

	/** Reads the page as it is now. */
	async read(page: Page, name: string): Promise<void> {
		await expect(page.getByRole("main").getByRole("heading", { level: 1 })).toBeVisible();
		await page.waitForLoadState("networkidle").catch(() => undefined);
		await expect(page.locator("[aria-busy=true]")).toHaveCount(0);
		await sound(page);
		// What is read, with its spaces: the words of two cells are not one.
		this.pages.push({ at: page.url(), text: await page.locator("body").ariaSnapshot() });
		await picture(page, `portal-${name}`);
	}

	/** Fails if anything of it should not have been told. */
	toldNothing(of: Secrets): void {
		const found: string[] = [];
		for (const { at, text } of this.pages) {
			const word = of.words.exec(text);
			if (word) found.push(`the page ${at} says ${word[0]}`);
		}
		for (const { at, text } of this.answers) {
			for (const field of fieldsOf(text)) if (of.fields.includes(field)) found.push(`${at} has ${field}`);
		}
		for (const { at, text } of [...this.pages, ...this.answers]) {
			for (const value of of.values) if (text.includes(value)) found.push(`${at} tells ${value}`);
		}
		expect([...new Set(found)]).toEqual([]);
	}
}

/** The names of all fields of a JSON text that say something, at any depth. */
function fieldsOf(text: string): Set<string> {
	const names = new Set<string>();
	const walk = (v: unknown): void => {
		if (Array.isArray(v)) for (const one of v) walk(one);
		else if (v && typeof v === "object") {
			for (const [name, inner] of Object.entries(v)) {
				names.add(name);
				walk(inner);
			}
		}
	};
	try {
		walk(JSON.parse(text));
	} catch {
		return names;
	}
	return names;
}

/** The pages of somebody's menu, in its order. */
async function menuOf(page: Page): Promise<{ path: string; label: string }[]> {
	const links = page.getByRole("navigation", { name: "Main" }).getByRole("link");
	await expect(links.first()).toBeVisible();
	return links.evaluateAll((all) =>
		all.map((a) => ({
			path: new URL((a as HTMLAnchorElement).href).pathname.replace(/^.*\/console\/?/, ""),
			label: a.textContent ?? "",
		})),
	);
}

const node = new Node();
const tracker = new Tracker();
let owner: Cookie;
let walnut: Page;
let acorn: Page;
const seen = { walnut: new Witness(), acorn: new Witness() };
const menus: Record<string, string[]> = {};
const ids = { advertiser: 0, offer: 0, closed: 0, blog: 0, other: 0 };
const visits: string[] = [];
const conversions: string[] = [];

/** Follows a link as a visitor, who comes by a proxy, and gives the transaction ID. */
async function visit(link: string): Promise<string> {
	const r = await fetch(link, {
		redirect: "manual",
		headers: {
			"X-Forwarded-For": visitorIP,
			"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0.0.0",
		},
	});
	return new URL(r.headers.get("Location") ?? "").searchParams.get("tid") ?? "";
}

/** Tells of an order, as the advertiser's server does. */
async function report(
	parameters: Record<string, string>,
): Promise<{ status: string; conversion_id?: string }> {
	const r = await fetch(`${node.url}/postback?${new URLSearchParams(parameters)}`, {
		headers: { "X-Forwarded-For": shopIP },
	});
	return (await r.json()) as { status: string; conversion_id?: string };
}

/** Invites somebody by the API, and has them accept in a browser. */
async function invited(browser: Browser, email: string, name: string, body: object): Promise<Page> {
	const { link } = await node.api("POST", "/users", { email, ...body });
	const page = await as(browser, node, null);
	await page.goto(link);
	await page.getByLabel("Your name").fill(name);
	await page.getByLabel("Choose a password").fill(password);
	await page.getByRole("button", { name: "Continue" }).click();
	await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();
	return page;
}

const sessionOf = async (page: Page): Promise<Cookie> => {
	const c = (await page.context().cookies()).find((one) => one.name.includes("waybill"));
	return { name: c?.name ?? "", value: c?.value ?? "", url: node.url };
};

test.beforeAll(async ({ browser }) => {
	test.setTimeout(120_000);
	await tracker.start();
	await node.start("--trusted-proxies", "127.0.0.0/8");
	owner = await node.owner();
	const make = async (path: string, body: unknown) => (await node.api("POST", path, body)).id as number;
	ids.advertiser = await make("/advertisers", { name: "Acorn Store" });
	ids.blog = await make("/affiliates", { name: "Walnut Blog" });
	ids.other = await make("/affiliates", { name: "Zephyr Media" });
	const offer = {
		advertiser_id: ids.advertiser,
		destination_url: "https://maple.example.com/?tid={transaction_id}",
		currency: "USD",
		payout: { type: "cpa", amount: payouts[0] },
		revenue: { type: "cpa", amount: revenues[0] },
	};
	ids.offer = await make("/offers", {
		...offer,
		name: "Maple syrup",
		access: "request",
		category: "Food",
		description: "Syrup from the tree.",
	});
	ids.closed = await make("/offers", { ...offer, name: "Hazel wood", access: "request" });
	await make("/offers", { ...offer, name: "Birch sap", access: "request" });
	// What the other affiliate does is nothing to this one.
	await node.api("PATCH", `/offers/${ids.offer}/access/${ids.other}`, { status: "approved" });
	await node.api("POST", "/links", { code: "zephyr", offer_id: ids.offer, affiliate_id: ids.other });
	const strange = await until("the other is approved", () =>
		visit(`${node.url}/c/zephyr`).catch(() => undefined),
	);
	await report({ transaction_id: strange, order_id: "Z-1", amount: "70" });
	walnut = await invited(browser, "wanda@walnut.example.com", "Wanda", {
		role: "affiliate",
		affiliate_id: ids.blog,
	});
	acorn = await invited(browser, "adam@acorn.example.com", "Adam", {
		role: "advertiser",
		advertiser_id: ids.advertiser,
	});
	await seen.walnut.listen(walnut);
	await seen.acorn.listen(acorn);
});

test.afterAll(async () => {
	await walnut?.context().close();
	await acorn?.context().close();
	await tracker.stop();
	await node.stop();
});

test("an affiliate finds an offer, asks, and may promote it once the owner says so", async ({ browser }) => {
	const s = seen.walnut;
	await s.open(walnut, "", "affiliate-first-day");
	await s.open(walnut, "links", "affiliate-no-links");
	await s.open(walnut, `links?offer=${ids.offer}`, "affiliate-not-approved");
	await expect(walnut.getByText("Ask for access first")).toBeVisible();
	await s.open(walnut, "offers", "affiliate-offers");
	const card = walnut.getByRole("article").filter({ hasText: "Maple syrup" });
	await expect(card).toContainText("$511.13");
	await card.getByRole("button", { name: "Ask for access" }).click();
	const dialog = walnut.getByRole("dialog");
	await dialog.getByLabel("How you will promote it").fill("A blog on breakfast");
	await dialog.getByRole("button", { name: "Ask for access" }).click();
	await expect(card).toContainText("Requested");
	await s.open(walnut, `offers/${ids.offer}/links`, "affiliate-requested");
	await expect(walnut.getByText("the network has not decided yet")).toBeVisible();

	const network = await as(browser, node, owner);
	await network.goto("access");
	const row = network.getByRole("row", { name: /Walnut Blog/ });
	await expect(row).toContainText("A blog on breakfast");
	await row.getByRole("button", { name: /^Approve/ }).click();
	await expect(network.getByText("1 affiliate approved")).toBeVisible();
	await network.context().close();
	// At another offer it is declined, and reads why.
	await by(await sessionOf(walnut), "POST", `/offers/${ids.closed}/access`, {});
	const why = { status: "rejected", note: "No blogs here, sorry." };
	await node.api("PATCH", `/offers/${ids.closed}/access/${ids.blog}`, why);
	await s.open(walnut, `offers/${ids.closed}`, "affiliate-declined");
	await expect(walnut.getByText("No blogs here, sorry.")).toBeVisible();
	await s.open(walnut, `offers/${ids.offer}`, "affiliate-offer");
	await expect(walnut.getByRole("link", { name: "Get your link" })).toBeVisible();
});

test("an affiliate builds a link, a short one and a postback, and visitors come", async () => {
	const s = seen.walnut;
	await walnut.goto(`links?offer=${ids.offer}&aff_click_id=trk-1`);
	const link = (await walnut.getByRole("group", { name: "Tracking link" }).textContent())?.trim() ?? "";
	expect(link).toContain(`offer_id=${ids.offer}&affiliate_id=${ids.blog}&aff_click_id=trk-1`);
	await walnut.getByRole("button", { name: "Make a short link" }).click();
	const dialog = walnut.getByRole("dialog");
	await dialog.getByLabel("Code").fill("maple");
	await dialog.getByRole("button", { name: "Create short link" }).click();
	await expect(dialog.getByRole("group", { name: "Short link" })).toHaveText(`${node.url}/c/maple`);
	await dialog.getByRole("button", { name: "Close" }).last().click();
	await expect(walnut.getByRole("row", { name: /maple/ })).toContainText("Active");
	await s.read(walnut, "affiliate-links");

	await walnut.goto("postbacks/new?template=plain");
	await walnut.getByLabel("URL", { exact: true }).fill(`${tracker.url}/pb`);
	await s.read(walnut, "affiliate-new-postback");
	await walnut.getByRole("button", { name: "Create postback" }).click();
	await expect(walnut).toHaveURL(/\/postbacks\/\d+$/);
	await s.read(walnut, "affiliate-postback");

	for (const l of [link, link, `${node.url}/c/maple`, `${node.url}/c/maple`]) visits.push(await visit(l));
	expect(visits.filter(Boolean)).toHaveLength(4);
});

test("the advertiser reports orders, and rejects one with a reason", async () => {
	const sure = async (what: string, order: Record<string, string>) =>
		until(what, async () => {
			const v = await report(order);
			return (v.status === "accepted" || v.status === "updated") && v.conversion_id;
		});
	const [first = "", second = "", third = "", fourth = ""] = visits;
	conversions.push(await sure("an order counts", { transaction_id: first, order_id: "M-1", amount: "41" }));
	// The shop's page tells of it, too; of the others its server alone does.
	const pixel = new URLSearchParams({ transaction_id: first, order_id: "M-1", amount: "41" });
	await fetch(`${node.url}/pixel.gif?${pixel}`, { headers: { "X-Forwarded-For": visitorIP } });
	const pending = { transaction_id: second, order_id: "M-2", amount: "42", status: "pending" };
	conversions.push(await sure("an order waits", pending));
	await sure("it is approved", { ...pending, status: "approved" });
	conversions.push(
		await sure("a third waits", { transaction_id: third, order_id: "M-3", amount: "43", status: "pending" }),
	);
	const refused = await report({ transaction_id: fourth, order_id: "M-4", amount: "44", goal: "nonsense" });
	expect(refused.status).toBe("rejected");

	await acorn.goto(`conversions/${conversions[2]}`);
	await acorn.getByRole("button", { name: "Reject", exact: true }).click();
	const dialog = acorn.getByRole("dialog");
	await dialog.getByLabel("Reason").fill("The customer sent it back.");
	await dialog.getByRole("button", { name: /^Reject/ }).click();
	await expect(acorn.getByText("“The customer sent it back.”")).toBeVisible();
	await until("the tracker has heard of all", async () => tracker.heard.length >= 3);
});

test("an affiliate sees what came of it, and why, and nothing of others", async () => {
	test.setTimeout(240_000);
	const s = seen.walnut;
	await until("all is counted", async () => {
		const asked = "/reports?dimensions=offer&metrics=clicks,conversions";
		return (await by(await sessionOf(walnut), "GET", asked)).text.includes('"clicks":4');
	});
	await s.open(walnut, "conversions", "affiliate-conversions");
	await expect(walnut.getByRole("row", { name: /M-1/ })).toContainText("Approved");
	await expect(walnut.getByRole("row", { name: /M-2/ })).toContainText("Approved");
	await expect(walnut.getByRole("row", { name: /M-3/ })).toContainText("Rejected");
	await s.open(walnut, `conversions/${conversions[2]}`, "affiliate-rejected");
	await expect(walnut.getByText("“The customer sent it back.”")).toBeVisible();
	await s.open(walnut, `conversions/${conversions[1]}`, "affiliate-approved");
	await s.open(walnut, "signals", "affiliate-signals");
	await expect(walnut.getByRole("main")).toContainText("goal");
	await s.open(walnut, `trace/${visits[3]}`, "affiliate-trace-rejected");
	await expect(walnut.getByRole("main")).toContainText(/nonsense|no such goal|has no goal/i);
	await s.open(walnut, `trace/${visits[0]}`, "affiliate-trace");
	await s.open(walnut, "clicks", "affiliate-clicks");
	await expect(walnut.getByRole("main")).toContainText("trk-1");
	await s.open(walnut, "balances", "affiliate-balances");
	await expect(walnut.getByRole("main")).toContainText("1,022.26");
	await s.open(walnut, "deliveries?tab=all", "affiliate-deliveries");
	await expect(walnut.getByRole("main")).toContainText("Delivered");
	await s.open(walnut, "reports?dimensions=offer", "affiliate-report");

	const menu = await menuOf(walnut);
	menus.affiliate = menu.map((e) => e.label);
	for (const entry of menu) await s.open(walnut, entry.path, `affiliate-menu-${entry.path || "overview"}`);
	const live = await by(await sessionOf(walnut), "GET", "/overview/live");
	s.answers.push({ at: "the live overview", text: live.text.replace(/^(event|data): ?/gm, "") });
	expect(live.text).toContain("payout");
	s.toldNothing(fromAffiliates);
	expect(s.answers.length).toBeGreaterThan(50);
});

test("an advertiser sees orders, its integration, what it spends, and compares its list", async () => {
	test.setTimeout(240_000);
	const s = seen.acorn;
	const menu = await menuOf(acorn);
	menus.advertiser = menu.map((e) => e.label);
	for (const entry of menu) await s.open(acorn, entry.path, `advertiser-menu-${entry.path || "overview"}`);
	await s.open(acorn, "conversions", "advertiser-conversions");
	await expect(acorn.getByRole("row", { name: /M-1/ })).toContainText("837.29");
	await s.open(acorn, `conversions/${conversions[2]}`, "advertiser-rejected");
	await s.open(acorn, `offers/${ids.offer}`, "advertiser-offer");
	await s.open(acorn, `offers/${ids.offer}/integration`, "advertiser-integration");
	await acorn.getByRole("button", { name: "Start the check" }).click();
	await expect(acorn.getByText("Waiting for your postback…")).toBeVisible();
	await report({
		transaction_id: new URL(acorn.url()).searchParams.get("check") ?? "",
		order_id: "T-1",
		amount: "9",
	});
	await expect(acorn.getByText("Received, and taken. The integration works.")).toBeVisible();
	await s.read(acorn, "advertiser-integrated");
	await s.open(acorn, `discrepancies?offer=${ids.offer}`, "advertiser-discrepancies");
	await expect(acorn.getByRole("main")).toContainText("Servers reported");
	await s.open(acorn, "balances", "advertiser-balances");
	await expect(acorn.getByRole("main")).toContainText("2,511.87"); // with what came by the other affiliate

	await acorn.goto("reconciliation");
	await acorn.getByRole("button", { name: "Compare a list" }).first().click();
	const dialog = acorn.getByRole("dialog");
	const at = new Date().toISOString();
	const lines = [`${visits[0]},M-1,41.00,${at}`, `${visits[1]},M-2,40.00,${at}`];
	const list = ["transaction_id,order_id,amount,time", ...lines].join("\n");
	await dialog.getByLabel("CSV file").setInputFiles({
		name: "acorn.csv",
		mimeType: "text/csv",
		buffer: Buffer.from(list),
	});
	await dialog.getByRole("button", { name: "Look at the list" }).click();
	await expect(dialog.getByText("2 lines")).toBeVisible();
	await dialog.getByRole("button", { name: "Compare", exact: true }).click();
	await expect(acorn).toHaveURL(/reconciliation\/\w+/);
	await s.read(acorn, "advertiser-reconciled");
	const live = await by(await sessionOf(acorn), "GET", "/overview/live");
	s.answers.push({ at: "the live overview", text: live.text.replace(/^(event|data): ?/gm, "") });
	s.toldNothing(fromAdvertisers);
	expect(s.answers.length).toBeGreaterThan(40);
});

for (const kind of ["affiliate", "advertiser"] as const) {
	test(`the owner sees the console as the ${kind} does, and can change nothing there`, async ({
		browser,
	}) => {
		test.setTimeout(240_000);
		const s = new Witness();
		const page = await as(browser, node, owner);
		await s.listen(page);
		const [path, name] =
			kind === "affiliate"
				? [`affiliates/${ids.blog}`, "Walnut Blog"]
				: [`advertisers/${ids.advertiser}`, "Acorn Store"];
		await page.goto(path);
		await page.getByRole("button", { name: "See as they do" }).click();
		const banner = page.getByText(`You see the console as ${name} sees it. Nothing can be changed.`);
		await expect(banner).toBeVisible();
		const menu = await menuOf(page);
		// What only changes things is left out.
		const want = (menus[kind] ?? []).filter((label) => label !== "Import");
		expect(menu.map((e) => e.label)).toEqual(want);
		s.forget(); // what the owner was told before, and of oneself
		for (const entry of menu) {
			await s.open(page, entry.path, `view-as-${kind}-${entry.path || "overview"}`);
			await expect(banner).toBeVisible();
		}
		s.answers.splice(0, s.answers.length, ...s.answers.filter((a) => !a.at.endsWith("/me")));
		const secrets = kind === "affiliate" ? fromAffiliates : fromAdvertisers;
		// The banner says whose eyes these are.
		for (const p of s.pages) p.text = p.text.replaceAll(name, "");
		s.toldNothing(secrets);

		if (kind === "affiliate") {
			await page.goto(`links?offer=${ids.offer}`);
			await expect(page.getByRole("group", { name: "Tracking link" })).toBeVisible();
			await expect(page.getByRole("row", { name: /maple/ })).toBeVisible();
			await expect(page.getByRole("button", { name: "Make a short link" })).toHaveCount(0);
			await page.goto("offers");
			await expect(page.getByRole("article").filter({ hasText: "Birch sap" })).toBeVisible();
			await expect(page.getByRole("button", { name: "Ask for access" })).toHaveCount(0);
		} else {
			await page.goto(`conversions/${conversions[0]}`);
			await expect(page.getByRole("link", { name: /Trace|trace/ }).first()).toBeVisible();
			await expect(page.getByRole("button", { name: "Reject" })).toHaveCount(0);
		}
		const id = kind === "affiliate" ? ids.blog : ids.advertiser;
		const eyes = { "Waybill-View-As": `${kind}:${id}` };
		const change = { status: "rejected", note: "no" };
		const got = await by(owner, "PATCH", `/conversions/${conversions[0]}`, change, eyes);
		expect(got.status).toBe(403);
		expect(got.text).toContain("leave view-as first");
		await page.getByRole("button", { name: "Leave" }).click();
		await expect(banner).toHaveCount(0);
		await expect(page.getByRole("navigation", { name: "Main" })).toContainText("Affiliates");
		await page.context().close();
	});
}
