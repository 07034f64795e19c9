// Two tenants of one network who must never see nor touch what is the other's, and
// every request that one of them might try.
import { type Cookie, type Node, type Tracker, until } from "./world.ts";

/** Which IDs somebody has, by what they are of. */
export type Ids = Record<string, (string | number)[]>;

/** An advertiser and its affiliate, whose every text has their name in it. */
export type Rival = {
	name: string;
	advertiser: number;
	affiliate: number;
	offer: number;
	users: { advertiser: Cookie; affiliate: Cookie };
	ids: Ids;
};

type Row = Record<string, unknown>;

/** Calls the API by a browser's cookie. */
export async function by(
	who: Cookie,
	method: string,
	path: string,
	body?: unknown,
	headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
	const stop = new AbortController();
	const list = typeof body === "string";
	const r = await fetch(`${who.url}/api/v1${path}`, {
		method,
		headers: {
			Cookie: `${who.name}=${who.value}`,
			Origin: who.url,
			...(body === undefined ? {} : { "Content-Type": list ? "text/csv" : "application/json" }),
			...headers,
		},
		...(body === undefined ? {} : { body: list ? body : JSON.stringify(body) }),
		redirect: "manual",
		signal: stop.signal,
	});
	if (!r.headers.get("Content-Type")?.startsWith("text/event-stream")) {
		return { status: r.status, text: await r.text() };
	}
	// Of what goes on for good the first part is enough.
	const part = await r.body?.getReader().read();
	stop.abort();
	return { status: r.status, text: new TextDecoder().decode(part?.value) };
}

/** Makes a rival with one of everything. */
export async function rival(node: Node, tracker: Tracker, name: string): Promise<Rival> {
	const make = async (path: string, body: unknown): Promise<Row & { id: number }> =>
		node.api("POST", path, body);
	const price = (amount: string) => ({ type: "cpa", amount });
	const advertiser = (await make("/advertisers", { name: `${name} Shop` })).id;
	const affiliate = (await make("/affiliates", { name: `${name} Blog` })).id;
	const offer = (
		await make("/offers", {
			advertiser_id: advertiser,
			name: `${name} offer`,
			description: `${name} sells`,
			access: "private",
			destination_url: `https://${name}.example.com/?tid={transaction_id}`,
			default_status: "pending",
			payout: price("5"),
			revenue: price("8"),
		})
	).id;
	await node.api("PATCH", `/offers/${offer}/access/${affiliate}`, {
		status: "approved",
		note: `${name} is fine`,
	});
	const goal = (await make(`/offers/${offer}/goals`, { code: `${name}-lead`, name: `${name} lead` })).id;
	const link = (await make("/links", { offer_id: offer, affiliate_id: affiliate, code: `${name}link` }))
		.code as string;
	const coupon = (await make("/coupons", { offer_id: offer, affiliate_id: affiliate, code: `${name}10` })).id;
	const term = (
		await make("/terms", {
			offer_id: offer,
			affiliate_id: affiliate,
			note: `${name} deal`,
			payout: price("6"),
		})
	).id;
	const domain = (
		await make("/domains", { advertiser_id: advertiser, host: `go.${name}.example.com`, certificate: "none" })
	).id;
	const keys = [
		(await make("/keys", { role: "advertiser", advertiser_id: advertiser, name: `${name} shop` })).id,
		(await make("/keys", { role: "affiliate", affiliate_id: affiliate, name: `${name} blog` })).id,
	];
	const url = `${tracker.url}/${name}?tid={transaction_id}&st={status}`;
	const on = ["conversion.created", "conversion.approved", "conversion.rejected"];
	const postbacks = [
		(await make("/postbacks", { owner: { affiliate_id: affiliate }, name: `${name} pb`, url, on })).id,
		(await make("/postbacks", { owner: { advertiser_id: advertiser }, name: `${name} spb`, url, on })).id,
	];

	const users = {
		advertiser: await node.person("advertiser", { advertiser_id: advertiser }, `shop@${name}.example.com`),
		affiliate: await node.person("affiliate", { affiliate_id: affiliate }, `blog@${name}.example.com`),
	};
	const clicks: string[] = [];
	for (const sub of ["one", "two", "three"]) {
		clicks.push(await node.click(offer, affiliate, { sub1: `${name}-${sub}`, source: `${name}-src` }));
	}
	const first = clicks[0] as string;
	await node.postback({ transaction_id: first, order_id: `${name}-order-1`, amount: "20" });
	await node.postback({ transaction_id: clicks[1] as string, order_id: `${name}-order-2`, amount: "30" });
	await node.postback({ transaction_id: first, goal: `${name}-nothing`, order_id: `${name}-order-3` });

	const reconciliations: (string | number)[] = [];
	const saved: (string | number)[] = [];
	const list = `transaction_id,order_id,amount,time\n${first},${name}-order-1,20,2026-11-20T10:00:00Z\n`;
	for (const u of [users.advertiser, users.affiliate]) {
		const compared = await by(u, "POST", `/reconciliations?name=${name}&tz=UTC`, list);
		reconciliations.push(made(compared).id as string);
		const report = await by(u, "POST", "/saved_reports", { name: `${name} report`, query: "by=day" });
		saved.push(made(report).id as number);
	}
	const shares = [
		(await make(`/trace/${first}/shares`, { as: "affiliate", note: `${name} asks` })).id,
		(await make(`/trace/${first}/shares`, { as: "advertiser", note: `${name} asks` })).id,
	];
	const money = { amount: "3.33", currency: "USD" };
	const adjustments = [
		(
			await make("/adjustments", {
				affiliate_id: affiliate,
				kind: "bonus",
				amount: money,
				note: `${name} bonus`,
			})
		).id,
		(
			await make("/adjustments", {
				advertiser_id: advertiser,
				kind: "payment",
				amount: money,
				note: `${name} paid`,
			})
		).id,
	];
	const payout = (
		await make("/payouts", {
			affiliate_id: affiliate,
			currency: "USD",
			reference: `${name} transfer`,
			note: `${name} note`,
		})
	).id;
	await until(
		`${name} is paid`,
		async () => (await node.api("GET", `/payouts/${payout}`)).status === "booked",
	);
	const mine = (row: Row) => row.affiliate_id === affiliate || row.advertiser_id === advertiser;
	const rows = async (path: string) =>
		((await node.api("GET", path)).data as (Row & { id: string })[]).filter(mine);
	const conversions = await until(`${name} has conversions`, async () => {
		const all = await rows("/conversions?limit=200");
		return all.length === 2 && all;
	});
	const signals = await until(`${name} has signals`, async () => {
		const all = (await node.api("GET", "/signals?limit=200")).data as (Row & { id: string })[];
		const of = all.filter((s) => clicks.some((c) => JSON.stringify(s).includes(c)));
		return of.length >= 3 && of;
	});
	const deliveries = await until(`${name} has been told`, async () => {
		const all = (await node.api("GET", `/deliveries?limit=200&state=delivered`)).data as (Row & {
			id: string;
		})[];
		const of = all.filter((d) => postbacks.includes(d.subscription_id as number));
		return of.length >= 4 && of;
	});
	const replays: (string | number)[] = [];
	for (const [i, u] of [users.affiliate, users.advertiser].entries()) {
		const job = await by(u, "POST", "/deliveries/replay", {
			subscription_id: postbacks[i],
			state: "delivered",
			dry_run: false,
		});
		replays.push(made(job).id as string);
	}
	await until("the replays are done", async () => {
		const jobs = await Promise.all(replays.map((id) => node.api("GET", `/deliveries/replays/${id}`)));
		return jobs.every((j) => j.finished_at);
	});
	const people = ((await node.api("GET", "/users?limit=200")).data as (Row & { id: number })[]).filter(mine);
	return {
		name,
		advertiser,
		affiliate,
		offer,
		users,
		ids: {
			advertisers: [advertiser],
			affiliates: [affiliate],
			offers: [offer],
			goals: [goal],
			links: [link],
			coupons: [coupon],
			terms: [term],
			domains: [domain],
			keys,
			adjustments,
			payouts: [payout],
			postbacks,
			transactions: clicks,
			conversions: conversions.map((c) => c.id),
			signals: signals.slice(0, 3).map((s) => s.request_id as string),
			deliveries: [deliveries.find((d) => d.affiliate_id === affiliate)?.id, deliveries.at(-1)?.id].filter(
				(id): id is string => id !== undefined,
			),
			reconciliations,
			saved,
			shares,
			replays,
			users: people.map((u) => u.id),
		},
	};
}

function made(answer: { status: number; text: string }): Row {
	if (answer.status >= 300) throw new Error(`${answer.status} ${answer.text}`);
	return JSON.parse(answer.text) as Row;
}

/** What stands in the braces of a route, by the collection before it. */
const placed: Record<string, string> = {
	"/adjustments/{id}": "adjustments",
	"/payouts/{id}": "payouts",
	"/advertisers/{id}": "advertisers",
	"/affiliates/{id}": "affiliates",
	"/clicks/{transaction_id}": "transactions",
	"/conversions/{id}": "conversions",
	"/coupons/{id}": "coupons",
	"/deliveries/{id}": "deliveries",
	"/deliveries/replays/{id}": "replays",
	"/destinations/{id}": "postbacks",
	"/domains/{id}": "domains",
	"/keys/{id}": "keys",
	"/links/{id}": "links",
	"/offers/{id}": "offers",
	"/offers/{offer_id}": "offers",
	"/access/{affiliate_id}": "affiliates",
	"/check-integration/{transaction_id}": "transactions",
	"/goals/{id}": "goals",
	"/postbacks/{id}": "postbacks",
	"/reconciliations/{id}": "reconciliations",
	"/saved_reports/{id}": "saved",
	"/shares/{id}": "shares",
	"/signals/{id}": "signals",
	"/terms/{id}": "terms",
	"/trace/{transaction_id}": "transactions",
	"/users/{id}": "users",
};

/** Every address of a route that holds the IDs of somebody. */
export function addresses(path: string, ids: Ids): string[] {
	let all = [""];
	for (const part of path.split("/").slice(1)) {
		if (!part.startsWith("{")) {
			all = all.map((a) => `${a}/${part}`);
			continue;
		}
		// The longest way to name it is the one that is meant.
		const before = path.slice(0, path.indexOf(`/${part}`)).replace(/^\/api\/v1/, "");
		const kind = Object.keys(placed)
			.filter((k) => `${before}/${part}`.endsWith(k))
			.sort((a, b) => b.length - a.length)[0];
		if (!kind) throw new Error(`nobody says what ${part} of ${path} is`);
		all = all.flatMap((a) => (ids[placed[kind] as string] ?? []).map((id) => `${a}/${id}`));
	}
	return all;
}

/** Query parameters that narrow a list to somebody's records. */
export function narrowed(path: string, r: Rival): string[] {
	const [tid, conversion] = [r.ids.transactions?.[0], r.ids.conversions?.[0]];
	const all = [
		"",
		`offer_id=${r.offer}`,
		`affiliate_id=${r.affiliate}`,
		`advertiser_id=${r.advertiser}`,
		`transaction_id=${tid}`,
		`conversion_id=${conversion}`,
		`subscription_id=${r.ids.postbacks?.[0]}`,
		`payout_id=${r.ids.payouts?.[0]}`,
		`adjustment_id=${r.ids.adjustments?.[0]}`,
		`order_id=${r.name}-order-1`,
		`q=${path.endsWith("/search") ? r.name : encodeURIComponent(`${r.name}-order-1`)}`,
		`q=${tid}`,
		`filter=affiliate_id=${r.affiliate}`,
		`filter=offer_id=${r.offer}`,
		`party=affiliate&party_id=${r.affiliate}`,
		`party=advertiser&party_id=${r.advertiser}`,
	];
	if (!path.startsWith("/reports")) return all;
	const report = ["", ...all.slice(12, 14).map((f) => `&${f}`)];
	return [
		...all,
		...["offer_id", "affiliate_id", "advertiser_id", "sub1", "source", "goal"].flatMap((d) =>
			report.map((f) => `dimensions=${d}&names=true${f}`),
		),
	];
}

/** What somebody might send to a route about a rival: bodies with the rival's IDs. */
export function bodies(route: string, r: Rival): unknown[] {
	const conversion = r.ids.conversions?.[0];
	const tid = r.ids.transactions?.[0];
	const postback = { url: "http://127.0.0.1:9/?t={transaction_id}", name: "taken" };
	const bulk = [
		{ subscription_id: r.ids.postbacks?.[0], dry_run: false },
		{ affiliate_id: r.affiliate, dry_run: false },
		{ advertiser_id: r.advertiser, dry_run: false },
		{ conversion_id: conversion, dry_run: false },
		{ transaction_id: tid, dry_run: true },
	];
	const sale = { transaction_id: tid, order_id: "taken", amount: "1" };
	const named = { name: "taken" };
	const list = `transaction_id,order_id,amount,time\n${tid},taken,20,2026-11-20T10:00:00Z\n`;
	const money = { amount: "9.99", currency: "USD" };
	const known: Record<string, unknown[]> = {
		"POST /adjustments": [
			{ affiliate_id: r.affiliate, kind: "bonus", amount: money, note: "taken" },
			{ advertiser_id: r.advertiser, kind: "payment", amount: money, note: "taken" },
			{
				affiliate_id: r.affiliate,
				kind: "clawback",
				conversion_id: conversion,
				amount: { ...money, amount: "-1" },
				note: "taken",
			},
		],
		"POST /payouts": [
			{ affiliate_id: r.affiliate, currency: "USD" },
			{ affiliate_id: r.affiliate, currency: "USD", dry_run: true },
		],
		"PATCH /payouts/{id}": [{ reference: "taken" }],
		"POST /advertisers": [named],
		"PATCH /advertisers/{id}": [named, { token: "taken-token-0123456789" }],
		"POST /affiliates": [named],
		"PATCH /affiliates/{id}": [named, { status: "blocked" }],
		"POST /conversions": [sale, [sale]],
		"POST /conversions/review": [
			{ ids: r.ids.conversions, status: "rejected", note: "taken" },
			{ filter: { offer_id: r.offer }, status: "rejected", note: "taken" },
		],
		"PATCH /conversions/{id}": [{ status: "rejected", note: "taken" }],
		"POST /coupons": [{ offer_id: r.offer, affiliate_id: r.affiliate, code: "taken" }],
		"PATCH /coupons/{id}": [{ status: "retired" }],
		"POST /deliveries/replay": bulk,
		"POST /deliveries/withdraw": bulk,
		"POST /deliveries/replays/{id}/cancel": [undefined],
		"POST /deliveries/replays/{id}/undo": [undefined],
		"POST /deliveries/{id}/replay": [undefined],
		"POST /deliveries/{id}/withdraw": [undefined],
		"POST /destinations/{id}/pause": [undefined],
		"POST /destinations/{id}/resume": [undefined],
		"POST /domains": [{ advertiser_id: r.advertiser, host: "taken.example.com", certificate: "none" }],
		"PATCH /domains/{id}": [{ status: "paused" }],
		"POST /imports/conversions": [list],
		"POST /imports/id_map": [`kind,tune_id,id\noffer,1,${r.offer}\n`],
		"POST /keys": [
			{ role: "affiliate", affiliate_id: r.affiliate, name: "taken" },
			{ role: "network", name: "taken" },
		],
		"DELETE /keys/{id}": [undefined],
		"DELETE /links/{id}": [undefined],
		"POST /links": [
			{ offer_id: r.offer, affiliate_id: r.affiliate, code: "taken" },
			{ offer_id: r.offer, code: "taken" },
		],
		"PATCH /links/{id}": [{ status: "retired" }, { query: "taken=1" }],
		"POST /offers": [
			{ advertiser_id: r.advertiser, name: "taken", destination_url: "https://taken.example.com/" },
		],
		"PATCH /offers/{id}": [named, { payout: { type: "cpa", amount: "99" } }],
		"POST /offers/{id}/access": [{ note: "taken" }],
		"PATCH /offers/{id}/access/{affiliate_id}": [{ status: "rejected", note: "taken" }],
		"POST /offers/{offer_id}/check-integration": [{ affiliate_id: r.affiliate }, {}],
		"POST /offers/{offer_id}/goals": [{ code: "taken" }],
		"PATCH /offers/{offer_id}/goals/{id}": [named],
		"POST /postbacks": [
			{ ...postback, owner: { affiliate_id: r.affiliate } },
			{ ...postback, owner: { advertiser_id: r.advertiser } },
		],
		"POST /postbacks/preview": [
			{ ...postback, owner: { affiliate_id: r.affiliate } },
			{ ...postback, conversion_id: conversion },
			...(r.ids.postbacks ?? []).map((id) => ({ id })),
			...(r.ids.postbacks ?? []).map((id) => ({ id, conversion_id: conversion })),
		],
		"PATCH /postbacks/{id}": [named, { status: "paused" }, { url: "http://127.0.0.1:9/?x={sub1}" }],
		"POST /postbacks/{id}/rotate-secret": [{ keep: "0s" }, {}],
		"POST /postbacks/{id}/test": [{}, { conversion_id: conversion }],
		"POST /reconciliations": [list],
		"POST /saved_reports": [{ ...named, query: `filter=offer_id=${r.offer}` }],
		"DELETE /saved_reports/{id}": [undefined],
		"PATCH /saved_reports/{id}": [named, { shared: false }],
		"PATCH /settings": [{ fallback_url: "https://taken.example.com/" }],
		"DELETE /shares/{id}": [undefined],
		"POST /signals/replay": [
			{ from: "2026-01-01T00:00:00Z", offer_id: r.offer, dry_run: false },
			{ from: "2026-01-01T00:00:00Z", transaction_id: tid, dry_run: true },
		],
		"POST /signals/{id}/replay": [{}, { dry_run: true }],
		"POST /terms": [{ offer_id: r.offer, affiliate_id: r.affiliate, payout: { type: "cpa", amount: "99" } }],
		"PATCH /terms/{id}": [{ note: "taken" }],
		"POST /trace/{transaction_id}/shares": [{ as: "affiliate" }, { as: "advertiser" }],
		"POST /users": [{ email: "taken@example.com", role: "affiliate", affiliate_id: r.affiliate }],
		"DELETE /users/{id}": [undefined],
		"PATCH /users/{id}": [named, { status: "disabled" }],
		"POST /users/{id}/invite": [undefined],
		"POST /users/{id}/reset": [undefined],
	};
	const found = known[route];
	if (!found) throw new Error(`nobody says what is sent to ${route}`);
	return found;
}

/** Everything that is a rival's, as the network and the rival's own people read it. */
export async function standing(node: Node, r: Rival): Promise<Record<string, unknown>> {
	const all: Record<string, unknown> = {};
	const record = async (path: string) => {
		all[path] = await node.api("GET", path);
	};
	const kinds = ["advertisers", "affiliates", "links", "coupons", "terms", "domains", "postbacks"];
	kinds.push("conversions", "signals", "deliveries", "reconciliations", "offers", "payouts", "adjustments");
	for (const kind of kinds) for (const id of r.ids[kind] ?? []) await record(`/${kind}/${id}`);
	for (const id of r.ids.replays ?? []) await record(`/deliveries/replays/${id}`);
	for (const id of r.ids.postbacks ?? []) await record(`/destinations/${id}`);
	for (const id of r.ids.goals ?? []) await record(`/offers/${r.offer}/goals/${id}`);
	for (const tid of r.ids.transactions ?? []) {
		await record(`/trace/${tid}/shares`);
		// Anybody may report anything about any transaction: it is judged, and what was
		// refused stands in the trace.
		const trace = (await node.api("GET", `/trace/${tid}`)) as { steps: (Row & { id: string })[] };
		const refused = trace.steps.filter((s) => JSON.stringify(s).includes('"offer_unknown"')).map((s) => s.id);
		all[`/trace/${tid}`] = trace.steps.filter((s) => !refused.includes(s.id));
	}
	await record(`/access?offer_id=${r.offer}`);
	const own = (kind: string) => (row: Row) => (r.ids[kind] ?? []).includes(row.id as number);
	for (const [path, kind] of [
		["/users", "users"],
		["/keys", "keys"],
	] as const) {
		const rows = ((await node.api("GET", `${path}?limit=200`)).data as Row[]).filter(own(kind));
		// Their own looking about is no change.
		all[path] = rows.map(({ last_seen_at: _a, last_used_at: _b, seen_at: _c, ...rest }) => rest);
	}
	for (const who of Object.values(r.users)) {
		for (const path of [
			"/saved_reports",
			"/links",
			"/postbacks",
			"/conversions",
			"/deliveries",
			"/reconciliations",
			"/balances",
			"/payouts",
			"/adjustments",
		]) {
			all[`${who.value} ${path}`] = (await by(who, "GET", `${path}?limit=200`)).text.replace(
				/"instance".*/,
				"",
			);
		}
	}
	return all;
}
