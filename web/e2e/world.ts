// What the tests stand on: a running node on a folder of its own, people who are
// signed in, a tracker that postbacks go to, and a look at what may be wrong with
// any page.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Browser, type BrowserContext, test as base, expect, type Page } from "@playwright/test";

const binary = process.env.WAYBILL_BINARY ?? resolve(import.meta.dirname, "../../bin/waybill");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A password that everybody in these tests has. */
export const password = "correct horse battery";

/** Whether a test waits for something, asked again and again. */
export async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
	const end = Date.now() + 20_000;
	for (;;) {
		const got = await look();
		if (got) return got;
		if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
		await new Promise((r) => setTimeout(r, 50));
	}
}

/** Waits out the end of an hour, which may be that of a day: the seconds that follow are of one hour. */
export async function oneHour(seconds = 20): Promise<void> {
	const left = 3_600_000 - (Date.now() % 3_600_000);
	if (left < seconds * 1000) await new Promise((r) => setTimeout(r, left + 100));
}

// biome-ignore lint/suspicious/noExplicitAny: tests look at what they expect
type Anything = any;

/** A running node. */
export class Node {
	readonly folder = mkdtempSync(join(tmpdir(), "waybill-console-"));
	url = "";
	ownerLink = "";
	key = "";
	private said = "";
	private process: ChildProcess | undefined;

	/** Starts the binary on an empty folder and waits until it answers. */
	async start(...flags: string[]): Promise<void> {
		const args = [
			"serve",
			"--data",
			this.folder,
			"--listen",
			"127.0.0.1:0",
			"--allow-private-destinations",
			"127.0.0.0/8",
			...flags,
		];
		this.process = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"] });
		const hear = (b: Buffer) => {
			this.said += b.toString();
		};
		this.process.stdout?.on("data", hear);
		this.process.stderr?.on("data", hear);
		this.url = await until("the node tells where it answers", async () => {
			if (this.process?.exitCode !== null) throw new Error(`the node has stopped:\n${this.said}`);
			return /on (http:\/\/127\.0\.0\.1:\d+)/.exec(this.said)?.[1];
		});
		await until("the node is ready", async () =>
			fetch(`${this.url}/readyz`).then(
				(r) => r.ok,
				() => false,
			),
		);
		this.ownerLink = /(http\S+\/console\/link#\S+)/.exec(this.said)?.[1] ?? "";
		this.key = this.run("key", "create", "--role", "network", "--name", "tests");
	}

	/** Runs a command of the binary beside the node. */
	run(...args: string[]): string {
		return execFileSync(binary, [...args, "--data", this.folder], { encoding: "utf8" }).trim();
	}

	/** Stops the node and removes its folder. */
	async stop(): Promise<void> {
		const p = this.process;
		if (p && p.exitCode === null) {
			const gone = new Promise((r) => p.once("exit", r));
			p.kill("SIGTERM");
			await gone;
		}
		rmSync(this.folder, { recursive: true, force: true });
	}

	/** Calls the API with a network key. */
	async api(
		method: string,
		path: string,
		body?: unknown,
		headers: Record<string, string> = {},
	): Promise<Anything> {
		const r = await fetch(`${this.url}/api/v1${path}`, {
			method,
			headers: { Authorization: `Bearer ${this.key}`, "Content-Type": "application/json", ...headers },
			...(body === undefined ? {} : { body: JSON.stringify(body) }),
		});
		const text = await r.text();
		if (!r.ok) throw new Error(`${method} ${path}: ${r.status} ${text}`);
		return text ? JSON.parse(text) : undefined;
	}

	/** Makes a click and gives its transaction ID. */
	async click(
		offer: number,
		affiliate: number,
		more: Record<string, string> = {},
		headers: Record<string, string> = {},
	): Promise<string> {
		const q = new URLSearchParams({
			offer_id: `${offer}`,
			affiliate_id: `${affiliate}`,
			format: "json",
			...more,
		});
		const r = await fetch(`${this.url}/click?${q}`, {
			headers: { "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0", ...headers },
		});
		return ((await r.json()) as { transaction_id: string }).transaction_id;
	}

	/** Sends a postback and gives the verdict. */
	async postback(
		parameters: Record<string, string>,
	): Promise<{ status: string; code: string; conversion_id?: string; request_id: string }> {
		const r = await fetch(`${this.url}/postback?${new URLSearchParams(parameters)}`);
		return (await r.json()) as { status: string; code: string; conversion_id?: string; request_id: string };
	}

	/** Makes an advertiser, an offer and an affiliate. */
	async market(name = "Kettle"): Promise<{ advertiser: number; offer: number; affiliate: number }> {
		const advertiser = (await this.api("POST", "/advertisers", { name: `${name} Shop` })).id;
		const affiliate = (await this.api("POST", "/affiliates", { name: `${name} Blog` })).id;
		const offer = (
			await this.api("POST", "/offers", {
				advertiser_id: advertiser,
				name,
				destination_url: "https://shop.example.com/?tid={transaction_id}",
				payout: { type: "cpa", amount: "5" },
				revenue: { type: "cpa", amount: "8" },
			})
		).id;
		return { advertiser, offer, affiliate };
	}

	/** Sets the owner up by the printed link, as a browser would, and gives the cookie. */
	async owner(): Promise<Cookie> {
		return this.accept(this.ownerLink, { name: "Olive Owner", email: "owner@example.com" });
	}

	/** Invites somebody, who accepts. */
	async person(
		role: string,
		party: Record<string, number> = {},
		email = `${role}@example.com`,
	): Promise<Cookie> {
		const { link } = await this.api("POST", "/users", { email, role, ...party });
		return this.accept(link, { name: `${role} person` });
	}

	private async accept(link: string, more: Record<string, string>): Promise<Cookie> {
		const token = link.split("#")[1];
		const r = await fetch(`${this.url}/console/auth/accept`, {
			method: "POST",
			headers: { "Content-Type": "application/json", Origin: this.url },
			body: JSON.stringify({ token, password, ...more }),
		});
		const [name, value] = (r.headers.getSetCookie()[0] ?? "").split(";")[0]?.split("=") ?? [];
		if (!r.ok || !name || !value) throw new Error(`accept ${link}: ${r.status} ${await r.text()}`);
		return { name, value, url: this.url };
	}
}

/** A session, as a browser keeps it. */
export type Cookie = { name: string; value: string; url: string };

/** Tracker is what an affiliate's tracker is to a postback. */
export class Tracker {
	readonly heard: { method: string; url: string; body: string }[] = [];
	answer: { status: number; body: string; headers?: Record<string, string> } = { status: 200, body: "OK" };
	private server: Server | undefined;

	async start(): Promise<void> {
		this.server = createServer((q, r) => {
			let body = "";
			q.on("data", (b) => {
				body += b;
			});
			q.on("end", () => {
				this.heard.push({ method: q.method ?? "", url: q.url ?? "", body });
				r.writeHead(this.answer.status, { "Content-Type": "text/html", ...this.answer.headers });
				r.end(this.answer.body);
			});
		});
		await new Promise<void>((done) => this.server?.listen(0, "127.0.0.1", done));
	}

	get url(): string {
		return `http://127.0.0.1:${(this.server!.address() as AddressInfo).port}`;
	}

	async stop(): Promise<void> {
		await new Promise((done) => this.server?.close(done));
	}
}

/** Opens a page of the console as somebody. */
export async function as(
	browser: Browser,
	node: Node,
	who: Cookie | null,
	options: Parameters<Browser["newContext"]>[0] = {},
): Promise<Page> {
	const context = await browser.newContext({ baseURL: `${node.url}/console/`, ...options });
	if (who) await context.addCookies([who]);
	const page = await context.newPage();
	watch(page);
	return page;
}

/** The code of an authenticator (RFC 6238: SHA-1, 30 s, six digits). */
export function totp(secret: string, at = Date.now()): string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	let bits = "";
	for (const c of secret.replaceAll(/[\s=]/g, "")) bits += letters.indexOf(c).toString(2).padStart(5, "0");
	const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((b) => Number.parseInt(b, 2)));
	const counter = Buffer.alloc(8);
	counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
	const mac = createHmac("sha1", key).update(counter).digest();
	const offset = (mac[19] as number) & 15;
	return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** A device for passkeys, whose person shows a finger, or refuses to. */
export type Device = { agree: () => Promise<void>; refuse: () => Promise<void> };

/** Gives a page's browser a device for passkeys, whose person agrees at once. */
export async function authenticator(page: Page): Promise<Device> {
	const cdp = await page.context().newCDPSession(page);
	await cdp.send("WebAuthn.enable");
	const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
		options: {
			protocol: "ctap2",
			transport: "internal",
			hasResidentKey: true,
			hasUserVerification: true,
			isUserVerified: true,
			automaticPresenceSimulation: true,
		},
	});
	const verified = async (isUserVerified: boolean) => {
		await cdp.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified });
	};
	return { agree: () => verified(true), refuse: () => verified(false) };
}

// What a page complains of fails the test that opened it.
const complaints = new WeakMap<Page, string[]>();

function watch(page: Page): void {
	const all: string[] = [];
	complaints.set(page, all);
	page.on("pageerror", (e) => all.push(`error: ${e.message}`));
	page.on("console", (m) => {
		// Answers that refuse are what some tests are about.
		if (m.type() === "error" && !m.text().startsWith("Failed to load resource")) all.push(m.text());
	});
}

/**
 * Holds a page to what every page must be: nothing wrong for axe (by all its rules, or
 * by those named), nothing beyond the screen, no complaint.
 */
export async function sound(page: Page, ...rules: string[]): Promise<void> {
	if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
	const found = await page.evaluate(async (only) => {
		// biome-ignore lint/suspicious/noExplicitAny: axe brings itself
		const result = await (window as any).axe.run(document, only.length ? { runOnly: only } : {});
		return result.violations.map(
			(v: { id: string; nodes: { target: string[]; failureSummary: string }[] }) =>
				`${v.id}: ${v.nodes.map((n) => `${n.target.join(" ")} (${n.failureSummary})`).join("; ")}`,
		);
	}, rules);
	expect(found, `axe on ${page.url()}`).toEqual([]);
	const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
	expect(over, `${page.url()} is wider than the screen`).toBeLessThanOrEqual(0);
	expect(complaints.get(page) ?? [], `complaints of ${page.url()}`).toEqual([]);
}

/** Keeps pictures of a page in both themes. */
export async function picture(page: Page, name: string): Promise<void> {
	for (const colorScheme of ["light", "dark"] as const) {
		await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
		await page.screenshot({ path: `test-results/pages/${name}-${colorScheme}.png`, fullPage: true });
	}
}

export type Worlds = { node: Node; owner: Cookie };

/** A test with a node of its worker, and its owner signed in on `page`. */
export const test = base.extend<{ context: BrowserContext; tracker: Tracker }, Worlds>({
	node: [
		// biome-ignore lint/correctness/noEmptyPattern: Playwright wants the pattern
		async ({}, use) => {
			const node = new Node();
			await node.start();
			await use(node);
			await node.stop();
		},
		{ scope: "worker" },
	],
	owner: [async ({ node }, use) => use(await node.owner()), { scope: "worker", auto: true }],
	context: async ({ browser, node, owner }, use) => {
		const context = await browser.newContext({ baseURL: `${node.url}/console/` });
		await context.addCookies([owner]);
		context.on("page", watch);
		await use(context);
		await context.close();
	},
	// biome-ignore lint/correctness/noEmptyPattern: Playwright wants the pattern
	tracker: async ({}, use) => {
		const tracker = new Tracker();
		await tracker.start();
		await use(tracker);
		await tracker.stop();
	},
});

export { expect };
