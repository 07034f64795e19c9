// What strangers and rivals do: what they send is shown as text and runs nowhere,
// and what is somebody else's is neither seen nor changed.
import { addresses, bodies, by, narrowed, type Rival, rival, standing } from "./rivals.ts";
import { as, authenticator, type Cookie, expect, sound, Tracker, test, until } from "./world.ts";

test.describe("tenants", () => {
	test.describe.configure({ mode: "serial", timeout: 180_000 });
	let rivals: [Rival, Rival];
	let routes: { method: string; path: string }[];

	test.beforeAll(async ({ node, owner }) => {
		expect(owner).toBeTruthy();
		const tracker = new Tracker();
		await tracker.start();
		rivals = [await rival(node, tracker, "alder"), await rival(node, tracker, "birch")];
		await tracker.stop();
		const paths = (await node.api("GET", "/openapi.json")).paths as Record<string, Record<string, unknown>>;
		routes = Object.entries(paths).flatMap(([path, methods]) =>
			Object.keys(methods)
				.filter((m) => ["get", "post", "put", "patch", "delete"].includes(m))
				.map((m) => ({ method: m.toUpperCase(), path: path.replace(/^\/api\/v1/, "") })),
		);
		expect(routes.length).toBeGreaterThan(90);
	});

	for (const [me, other] of [
		[0, 1],
		[1, 0],
	] as const) {
		for (const role of ["advertiser", "affiliate"] as const) {
			test(`${role} ${me + 1} neither reads nor changes anything of tenant ${other + 1}`, async ({
				node,
			}) => {
				const them = rivals[other] as Rival;
				const who = (rivals[me] as Rival).users[role];
				const before = await standing(node, them);
				const wrong: string[] = [];
				const secrets = Object.values(them.ids)
					.flat()
					.filter((id): id is string => typeof id === "string" && id.length > 12);
				const attempt = async (method: string, path: string, body: unknown, theirs: boolean) => {
					// Of their own jobs they have but so many at once.
					const got = await until("there is room for it", async () => {
						const answer = await by(who, method, path, body);
						return answer.status === 429 ? undefined : answer;
					});
					const sent = `${path} ${JSON.stringify(body) ?? ""}`;
					const said = `${method} ${sent}: ${got.status} ${got.text.slice(0, 400)}`;
					if (got.status >= 500) wrong.push(`fails: ${said}`);
					if (theirs && got.status < 300) wrong.push(`lets in: ${said}`);
					const words = got.text.replaceAll(sentIn(sent), "");
					if (words.includes(them.name)) wrong.push(`tells of them: ${said}`);
					// A job of their own keeps the filter that they gave it.
					const told = got.text.replaceAll(/"filter":\{[^}]*\}/g, "");
					for (const id of secrets) {
						if (!sent.includes(id) && told.includes(id)) wrong.push(`tells ${id}: ${said}`);
					}
				};
				// What was sent may be said again, as in "there is no order …".
				function sentIn(sent: string): RegExp {
					const said = sent.match(new RegExp(`${them.name}[-\\w]*`, "g")) ?? [];
					return new RegExp(said.length ? said.join("|") : "\\b\\B", "g");
				}
				for (const { method, path } of routes) {
					const theirs = path.includes("{");
					for (const at of addresses(path, them.ids)) {
						const queries = method === "GET" && !theirs ? narrowed(path, them) : [""];
						const sends = method === "GET" ? [undefined] : bodies(`${method} ${path}`, them);
						for (const q of queries)
							for (const b of sends) await attempt(method, q ? `${at}?${q}` : at, b, theirs);
					}
				}
				// A list of theirs that is compared is compared with one's own alone.
				const compared = JSON.parse((await by(who, "GET", "/reconciliations")).text).data as { id: string }[];
				expect(compared.length).toBeGreaterThan(1);
				for (const { id } of compared) await attempt("GET", `/reconciliations/${id}/rows`, undefined, false);
				expect(wrong).toEqual([]);
				expect(await standing(node, them)).toEqual(before);
			});
		}
	}

	test("a partner looks with nobody else's eyes", async () => {
		const [one, two] = rivals;
		for (const eyes of [
			`advertiser:${two.advertiser}`,
			`affiliate:${two.affiliate}`,
			`affiliate:${one.affiliate}`,
		]) {
			for (const who of Object.values(one.users)) {
				for (const path of ["/conversions", "/me", "/overview", `/trace/${two.ids.transactions?.[0]}`]) {
					const got = await by(who, "GET", path, undefined, { "Waybill-View-As": eyes });
					expect([path, got.status, got.text.includes(two.name)]).toEqual([path, 403, false]);
				}
			}
		}
	});

	test("somebody of the network changes nothing with a partner's eyes", async ({ owner }) => {
		const [one] = rivals;
		const eyes = { "Waybill-View-As": `affiliate:${one.affiliate}` };
		expect((await by(owner, "GET", "/conversions", undefined, eyes)).status).toBe(200);
		for (const { method, path } of routes.filter((r) => r.method !== "GET")) {
			for (const at of addresses(path, one.ids).slice(0, 1)) {
				const got = await by(owner, method, at, bodies(`${method} ${path}`, one)[0], eyes);
				expect([method, at, got.status]).toEqual([method, at, 403]);
			}
		}
	});

	test("another site changes nothing with somebody's cookie", async ({ node, owner }) => {
		const [one] = rivals;
		const before = await standing(node, one);
		const sites: Record<string, string>[] = [
			{ Origin: "https://evil.example" },
			{ "Sec-Fetch-Site": "cross-site" },
			{ "Sec-Fetch-Site": "same-site" },
			{ Origin: "null" },
		];
		for (const from of sites) {
			const headers: Record<string, string> = { Origin: node.url, ...from };
			for (const { method, path } of routes.filter((r) => r.method !== "GET")) {
				for (const at of addresses(path, one.ids).slice(0, 1)) {
					const got = await by(owner, method, at, bodies(`${method} ${path}`, one)[0], headers);
					expect([method, at, got.status, JSON.stringify(from)]).toEqual([
						method,
						at,
						403,
						JSON.stringify(from),
					]);
				}
			}
			for (const door of [
				"logout",
				"password",
				"totp/begin",
				"sessions/revoke-others",
				"passkey/register/begin",
			]) {
				const r = await fetch(`${node.url}/console/auth/${door}`, {
					method: "POST",
					headers: { ...headers, Cookie: `${owner.name}=${owner.value}`, "Content-Type": "application/json" },
					body: "{}",
				});
				expect([door, r.status]).toEqual([door, 403]);
			}
		}
		expect(await standing(node, one)).toEqual(before);
		expect((await by(owner, "GET", "/me")).status).toBe(200);
	});

	test("sessions and passkeys are ended by their owner alone", async ({ browser, node, owner }) => {
		const [one, two] = rivals;
		const door = async (who: Cookie, method: string, path: string) => {
			const r = await fetch(`${node.url}/console/auth/${path}`, {
				method,
				headers: { Cookie: `${who.name}=${who.value}`, Origin: node.url },
			});
			return { status: r.status, text: await r.text() };
		};
		const at = node.url.replace("127.0.0.1", "localhost");
		const page = await as(browser, node, { ...two.users.affiliate, url: at });
		await authenticator(page);
		await page.goto(`${at}/console/account`);
		await page.getByRole("button", { name: "Add a passkey" }).click();
		await page.getByRole("dialog").getByLabel("What this device is called").fill("Theirs");
		await page.getByRole("dialog").getByRole("button", { name: "Add a passkey" }).click();
		await expect(page.getByText("Passkey added")).toBeVisible();
		await page.context().close();

		for (const kind of ["sessions", "passkeys"]) {
			const theirs = (await door(two.users.affiliate, "GET", kind)).text;
			const ids = [...theirs.matchAll(/"id":\s*"?([^",}]+)/g)].map((m) => m[1]);
			expect(ids.length).toBeGreaterThan(0);
			for (const who of [one.users.affiliate, two.users.advertiser, owner]) {
				for (const id of ids) {
					expect((await door(who, "DELETE", `${kind}/${id}`)).status).toBe(404);
				}
			}
			expect((await door(two.users.affiliate, "GET", kind)).text).toBe(theirs);
		}
	});

	for (const role of ["advertiser", "affiliate"] as const) {
		test(`by their address, the pages of a rival show an ${role} nothing`, async ({ browser, node }) => {
			const [one, two] = rivals;
			const page = await as(browser, node, one.users[role]);
			const pages = [
				...["trace", "conversions", "signals", "deliveries", "reconciliation", "offers", "postbacks"].flatMap(
					(p) => {
						const kind = { trace: "transactions", reconciliation: "reconciliations" }[p] ?? p;
						return (two.ids[kind] ?? []).slice(0, 2).map((id) => `${p}/${id}`);
					},
				),
				...["integration", "access", "payouts", "links"].map((tab) => `offers/${two.offer}/${tab}`),
				`advertisers/${two.advertiser}`,
				`affiliates/${two.affiliate}`,
			];
			for (const path of pages) {
				await page.goto(path);
				await expect(
					page.getByText(/There is no such thing here|This is not yours to see/),
					path,
				).toBeVisible();
				expect(await page.locator("body").textContent(), path).not.toContain(two.name);
				await sound(page);
			}
			for (const path of [
				`reports?filter=offer_id%3D${two.offer}`,
				`conversions?offer=${two.offer}`,
				`clicks?affiliate=${two.affiliate}`,
				`trace?q=${two.name}-order-1`,
				`links?offer=${two.offer}&affiliate=${two.affiliate}`,
			]) {
				await page.goto(path);
				await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
				await expect(page.getByRole("status", { name: "Loading…" })).toHaveCount(0);
				const words = ((await page.locator("body").textContent()) ?? "").replaceAll(
					`${two.name}-order-1`,
					"",
				);
				expect(words, path).not.toContain(two.name);
				await sound(page);
			}
			await page.context().close();
		});
	}
});
