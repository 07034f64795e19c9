// What strangers send is shown as text and runs nowhere: whatever visitors, shops,
// affiliates and the receivers of postbacks can write, on every page that shows it.
import type { Page } from "@playwright/test";
import { as, expect, type Node, sound, type Tracker, test, until } from "./world.ts";

const payloads = [
	"<img src=x onerror=window.pwned=1>",
	'"><script>window.pwned=1</script>',
	"javascript:window.pwned=1//",
	"</textarea></title><svg onload=window.pwned=1>",
	"{{constructor.constructor('window.pwned=1')()}}",
	"'-window.pwned=1-' onmouseover=window.pwned=1 x='",
	"https://evil.example/<b>x</b>?a=&lt;i&gt;",
	"\u202Egnp.exe\u0000\u0007\u2066 \u200B",
	`${"wide".repeat(60)}`,
	"👩‍👩‍👧‍👦🏴‍☠️ Ω≈ç√ ﷽",
];
const payload = (i: number) => payloads[i % payloads.length] as string;
// What hides or turns text around, as it must not stand on a page.
const unseen =
	"[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u200b\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\ufeff]";
// Names and notes may not hold control characters; all else may be in them.
const name = (i: number) =>
	payload(i)
		.replace(/\p{Cc}/gu, "")
		.slice(0, 150);
const header = (s: string) => s.replace(/[^\x20-\x7e]/g, "?");

type Seeded = {
	affiliate: number;
	advertiser: number;
	offer: number;
	asked: number;
	clicks: string[];
	pages: string[];
	shared: string[];
};

/** Fills everything that strangers can fill. */
async function seed(node: Node, tracker: Tracker): Promise<Seeded> {
	const advertiser = (await node.api("POST", "/advertisers", { name: payload(0) })).id;
	const affiliate = (await node.api("POST", "/affiliates", { name: payload(1) })).id;
	const offer = (
		await node.api("POST", "/offers", {
			advertiser_id: advertiser,
			name: payload(3),
			description: payload(4),
			category: "<b>x",
			destination_url: "https://shop.example.com/?tid={transaction_id}",
			deep_link_hosts: ["shop.example.com"],
			payout: { type: "cpa", amount: "5" },
			revenue: { type: "cpa", amount: "8" },
		})
	).id;
	const asked = (
		await node.api("POST", "/offers", {
			advertiser_id: advertiser,
			name: payload(0),
			access: "request",
			destination_url: "https://shop.example.com/?tid={transaction_id}",
		})
	).id;
	tracker.answer = {
		status: 500,
		body: payloads.join("\n"),
		headers: {
			"Content-Type": header(payload(0)),
			Location: encodeURI(payload(6)),
			"X-Said": header(payload(1)),
		},
	};
	const subscription = (
		await node.api("POST", "/postbacks", {
			owner: { affiliate_id: affiliate },
			name: payload(0),
			url: `${tracker.url}/?a={aff_click_id}&b={sub1}&c=%3Cscript%3Ewindow.pwned=1%3C/script%3E`,
			headers: { "X-Note": header(payload(0)) },
		})
	).id;
	await node.api("POST", "/saved_reports", { name: payload(0), query: "x" }).catch(() => undefined);
	const clicks: string[] = [];
	for (const i of payloads.keys()) {
		const more: Record<string, string> = { source: payload(i), aff_click_id: payload(i + 1) };
		more.url = `https://shop.example.com/${encodeURIComponent(payload(i))}?q=${payload(i + 1)}`;
		for (let n = 1; n <= 10; n++) more[`sub${n}`] = payload(i + n);
		clicks.push(
			await node.click(offer, affiliate, more, {
				"User-Agent": `Mozilla/5.0 Chrome/120.0 ${header(payload(i))}`,
				Referer: `https://evil.example/${encodeURI(header(payload(i)))}`,
				"X-Forwarded-For": header(payload(i)),
			}),
		);
	}
	for (const [i, transaction_id] of clicks.entries()) {
		const said: Record<string, string> = {
			transaction_id,
			order_id: payload(i),
			amount: "20",
			coupon: payload(i + 1),
		};
		for (let n = 1; n <= 5; n++) said[`adv${n}`] = payload(i + n);
		await node.postback({
			...said,
			customer_id: payload(i + 2),
			items: JSON.stringify([{ sku: payload(i + 3), quantity: 1, amount: "20" }]),
			[payload(0)]: payload(i),
		});
		await node.postback({ transaction_id, order_id: payload(i + 1), goal: payload(i) });
	}
	await node.postback({
		transaction_id: payload(0),
		order_id: payload(1),
		offer_id: payload(2),
		amount: payload(3),
	});
	await fetch(`${node.url}/postback`, {
		method: "POST",
		headers: { "Content-Type": "application/json", "User-Agent": header(payload(0)) },
		body: `{"transaction_id": "${payload(0)}`,
	});
	const first = clicks[0] as string;
	const conversions = await until("conversions are there", async () => {
		const all = (await node.api("GET", `/conversions?offer_id=${offer}`)).data as { id: string }[];
		return all.length >= 5 && all;
	});
	await node.api("PATCH", `/conversions/${conversions[0]?.id}`, { status: "rejected", note: payload(0) });
	const deliveries = await until("a delivery was answered", async () => {
		const all = (await node.api("GET", `/deliveries?subscription_id=${subscription}`)).data as {
			id: string;
		}[];
		return tracker.heard.length > 0 && all.length > 0 && all;
	});
	const signals = (await node.api("GET", "/signals?limit=50")).data as { request_id: string }[];
	const shared: string[] = [];
	for (const role of ["advertiser", "affiliate"]) {
		shared.push((await node.api("POST", `/trace/${first}/shares`, { as: role, note: payload(0) })).url);
	}
	await until("reports count it", async () => {
		const got = await node.api("GET", "/reports?dimensions=sub1&metrics=clicks");
		return (got.rows ?? got.data ?? []).length >= 3;
	});
	const ofReport = ["sub1", "sub2", "source", "goal", "offer_id", "affiliate_id"].map(
		(d) => `reports?dimensions=${d}&metrics=clicks,conversions`,
	);
	return {
		affiliate,
		advertiser,
		offer,
		asked,
		clicks,
		shared,
		pages: [
			"",
			...[0, 1, 3, 7].map((i) => `trace/${clicks[i]}`),
			...[
				"clicks",
				"conversions",
				"signals",
				"signals?tab=causes",
				"deliveries",
				"links",
				"postbacks",
				"offers",
				"balances",
			],
			...conversions.slice(0, 2).map((c) => `conversions/${c.id}`),
			...signals.slice(0, 3).map((s) => `signals/${s.request_id}`),
			...deliveries.slice(0, 1).map((d) => `deliveries/${d.id}`),
			`trace?q=${encodeURIComponent(payload(0))}`,
			`offers/${offer}`,
			`offers/${asked}`,
			`postbacks/${subscription}`,
			...ofReport,
		],
	};
}

/** Looks for anything on a page that was made of what a stranger wrote. */
async function harmless(page: Page, left: string[], what: string): Promise<void> {
	const found = await page.evaluate(
		(unseen) => ({
			ran: "pwned" in window,
			links: [...document.querySelectorAll("a[href], form[action], [src]")]
				.map((e) => e.getAttribute("href") ?? e.getAttribute("src") ?? e.getAttribute("action") ?? "")
				.filter((a) => /^\s*(javascript|data|vbscript):/i.test(a) || a.includes("evil.example")),
			made: [
				...document.querySelectorAll("[onerror], [onload], [onmouseover], main script, main iframe, main b"),
			].filter((e) => e.tagName !== "B" || e.textContent === "x").length,
			violations: (window as unknown as { violations: string[] }).violations,
			unseen: [...document.querySelectorAll("body *:not(.macro-under, .macro-under *, textarea)")].flatMap(
				(e) => {
					const own = [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.textContent ?? "");
					return [...own, e.getAttribute("title") ?? "", document.title].filter((s) =>
						new RegExp(unseen).test(s),
					);
				},
			),
		}),
		unseen,
	);
	expect(found, what).toEqual({ ran: false, links: [], made: 0, violations: [], unseen: [] });
	expect(left, what).toEqual([]);
}

async function guard(page: Page, node: Node): Promise<string[]> {
	const left: string[] = [];
	const host = new URL(node.url).host;
	page.on("request", (r) => {
		const at = new URL(r.url());
		if (at.protocol.startsWith("http") && at.host !== host) left.push(r.url());
	});
	page.on("dialog", (d) => {
		left.push(`dialog: ${d.message()}`);
		void d.dismiss();
	});
	await page.addInitScript(() => {
		const all: string[] = [];
		(window as unknown as { violations: string[] }).violations = all;
		document.addEventListener("securitypolicyviolation", (e) =>
			all.push(`${e.violatedDirective} ${e.blockedURI}`),
		);
	});
	return left;
}

test("whatever strangers write is text", async ({ browser, node, owner, tracker }) => {
	test.setTimeout(420_000);
	const seeded = await seed(node, tracker);
	const advertiser = await node.person("advertiser", { advertiser_id: seeded.advertiser }, "xa@example.com");
	const affiliate = await node.person("affiliate", { affiliate_id: seeded.affiliate }, "xb@example.com");
	// Who asks to promote an offer says why.
	for (const i of payloads.keys()) {
		const asking = (await node.api("POST", "/affiliates", { name: `${name(i + 1)} ${i}` })).id;
		const person = await node.person("affiliate", { affiliate_id: asking }, `asks${i}@example.com`);
		const r = await fetch(`${node.url}/api/v1/offers/${seeded.asked}/access`, {
			method: "POST",
			headers: {
				Cookie: `${person.name}=${person.value}`,
				Origin: node.url,
				"Content-Type": "application/json",
			},
			body: JSON.stringify({ note: name(i) }),
		});
		expect(r.ok, await r.text()).toBe(true);
	}
	const network = [
		`offers/${seeded.asked}/access`,
		"advertisers",
		"affiliates",
		`advertisers/${seeded.advertiser}`,
		`affiliates/${seeded.affiliate}`,
	];
	network.push("destinations", "audit", "users", "access");
	for (const [who, pages] of [
		[owner, [...seeded.pages, ...network]],
		[affiliate, seeded.pages],
		[advertiser, seeded.pages],
		[null, seeded.shared],
	] as const) {
		const page = await as(browser, node, who);
		const left = await guard(page, node);
		for (const path of pages) {
			await page.goto(path);
			await expect(page.getByRole("heading", { level: 1 }), path).toBeVisible();
			await expect(page.getByRole("status", { name: "Loading…" }), path).toHaveCount(0);
			await page.locator("main details:not([open]) > summary").evaluateAll((all) => {
				for (const one of all) (one as HTMLElement).click();
			});
			await harmless(page, left, path);
			if (who === owner || who === null) await sound(page);
			if (who === owner && path === `trace/${seeded.clicks[7]}`)
				await expect(page.getByText("U+202E").first()).toBeVisible();
		}
		await page.context().close();
	}
});
