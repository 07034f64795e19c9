// Measures how long pages of the console take in a real Chromium: `node
// web/bench/pages.mjs URL KEY ROUNDS reports|lists` prints one JSON object a line.
// The bench starts it beside a node with a large warehouse (go run ./bench console)
// or with a large catalog (go run ./bench catalog).
import { chromium } from "@playwright/test";

const [url, key, rounds, which] = [
	process.argv[2],
	process.argv[3],
	Number(process.argv[4]),
	process.argv[5],
];
const password = "a password of the bench";

// How long a page may take before the bench gives up and says what it shows.
const patience = 60_000;

async function call(method, path, body, headers = {}) {
	const r = await fetch(`${url}${path}`, {
		method,
		headers: { "Content-Type": "application/json", Origin: url, ...headers },
		...(body ? { body: JSON.stringify(body) } : {}),
	});
	if (!r.ok) throw new Error(`${method} ${path}: ${r.status} ${await r.text()}`);
	return r;
}

// Somebody of the network, signed in: the cookie.
async function somebody() {
	const made = await call(
		"POST",
		"/api/v1/users",
		{ email: `bench-${Date.now()}@example.com`, role: "owner" },
		{ Authorization: `Bearer ${key}` },
	);
	const { link } = await made.json();
	const entered = await call("POST", "/console/auth/accept", {
		token: link.split("#")[1],
		name: "Bench",
		password,
	});
	const [name, value] = entered.headers.getSetCookie()[0].split(";")[0].split("=");
	return { name, value, url };
}

// A click with its conversion, to trace.
async function traced() {
	const auth = { Authorization: `Bearer ${key}` };
	const id = async (path, body) => (await (await call("POST", path, body, auth)).json()).id;
	const advertiser_id = await id("/api/v1/advertisers", { name: "Shop" });
	const affiliate = await id("/api/v1/affiliates", { name: "Blog" });
	const offer = await id("/api/v1/offers", {
		advertiser_id,
		name: "Kettle",
		destination_url: "https://shop.example.com/?tid={transaction_id}",
		payout: { type: "cpa", amount: "5" },
		revenue: { type: "cpa", amount: "8" },
	});
	const click = await call("GET", `/click?offer_id=${offer}&affiliate_id=${affiliate}&format=json`);
	const { transaction_id } = await click.json();
	await call("GET", `/postback?transaction_id=${transaction_id}`);
	return transaction_id;
}

// Until what is waited for has been painted, in milliseconds since the page began
// to load, or since it was pressed.
async function painted(page, selector, since) {
	const took = await page.evaluate(
		([wanted, from, most]) =>
			new Promise((done) => {
				const look = () => {
					if (performance.now() - from > most) return done(null);
					if (!document.querySelector(wanted)) return void requestAnimationFrame(look);
					requestAnimationFrame(() => setTimeout(() => done(performance.now() - from)));
				};
				look();
			}),
		[selector, since, patience],
	);
	if (took !== null) return took;
	throw new Error(`${page.url()} never showed ${selector}: ${await page.locator("main").textContent()}`);
}

// An address, what must be there to work with it, what is pressed then, and what
// that brings.
function reports(id) {
	const days = "range=2026-10-02..2026-10-31";
	return [
		{ name: "overview", path: "/", ready: ".tile .value" },
		{
			name: "report: by day, 30 days",
			path: `/reports?${days}&dimensions=day`,
			ready: "main tbody .row-link",
			press: "main thead th:nth-child(2) button",
			after: "main th[aria-sort=descending]",
		},
		{
			name: "report: by offer, 30 days",
			path: `/reports?${days}&dimensions=offer`,
			ready: "main tbody .row-link",
			press: "main thead th:nth-child(3) button",
			after: "main th:nth-child(3)[aria-sort]",
		},
		{ name: "trace", path: `/trace/${id}`, ready: ".step" },
		{ name: "conversions", path: "/conversions", ready: "main tbody td a" },
	];
}

const lists = ["offers", "affiliates", "postbacks", "links", "coupons"].map((name) => ({
	name,
	path: `/${name}`,
	ready: "main tbody td",
}));

async function main() {
	const cookie = await somebody();
	const visits = which === "lists" ? lists : reports(await traced());
	const browser = await chromium.launch({
		executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
		args: [
			"--no-sandbox",
			"--disable-gpu",
			"--disable-background-networking",
			"--disable-component-update",
			"--disable-sync",
			"--no-first-run",
		],
	});
	for (const v of visits) {
		for (let i = 0; i < rounds; i++) {
			for (const warm of [false, true]) {
				// Cold: nothing is in the browser's cache. Warm: the application is.
				const context = await browser.newContext({
					viewport: { width: 1360, height: 900 },
					timezoneId: "UTC",
				});
				await context.addCookies([cookie]);
				const page = await context.newPage();
				if (warm) {
					await page.goto(`${url}/console/coupons`);
					await page.waitForSelector("main h1");
				}
				await page.goto(`${url}/console${v.path}`, { waitUntil: "commit" });
				const ready = await painted(page, v.ready, 0);
				const sent = await page.evaluate(() =>
					performance
						.getEntriesByType("resource")
						.filter((e) => /\.(js|css)$/.test(e.name))
						.reduce((n, e) => n + e.encodedBodySize, 0),
				);
				let delay = null;
				if (v.press && v.after) {
					const began = await page.evaluate((s) => {
						const from = performance.now();
						document.querySelector(s).click();
						return from;
					}, v.press);
					delay = await painted(page, v.after, began);
				}
				console.log(JSON.stringify({ page: v.name, warm, ready, delay, sent }));
				await context.close();
			}
		}
	}
	await browser.close();
}

await main();
