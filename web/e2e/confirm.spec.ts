// Before what changes who gets in, a session must have shown in the last ten minutes
// whose it is. How old that is tells the identity provider, by when its own log-in was.
import type { Browser, Page } from "@playwright/test";
import { Gateway, Provider } from "./around.ts";
import {
	as,
	authenticator,
	test as base,
	expect,
	Node,
	password,
	picture,
	sound,
	totp,
	until,
} from "./world.ts";

const hour = 3600;

type Around = { gateway: Gateway; provider: Provider };

const test = base.extend<Record<never, never>, Around>({
	gateway: [
		// biome-ignore lint/correctness/noEmptyPattern: Playwright wants the pattern
		async ({}, use) => {
			const gateway = new Gateway();
			await gateway.start();
			await use(gateway);
			await gateway.stop();
		},
		{ scope: "worker" },
	],
	provider: [
		// biome-ignore lint/correctness/noEmptyPattern: Playwright wants the pattern
		async ({}, use) => {
			const provider = new Provider();
			await provider.start();
			await use(provider);
			await provider.stop();
		},
		{ scope: "worker" },
	],
	node: [
		async ({ gateway, provider }, use) => {
			const node = new Node();
			await node.start(
				...["--admin-url", gateway.url, "--oidc-issuer", provider.url, "--oidc-client-id", "waybill"],
				...["--oidc-client-secret", "s3cret", "--oidc-name", "Acme"],
			);
			gateway.to = node.url;
			node.url = gateway.url;
			await use(node);
			await node.stop();
		},
		{ scope: "worker" },
	],
});

type Who = { email: string; ago: number };

/** Signs somebody in at the provider, who has been in there for some time. */
async function signedIn(
	{ browser, node, provider }: { browser: Browser; node: Node; provider: Provider },
	who: Who,
	options: Parameters<typeof as>[3] = {},
): Promise<Page> {
	const page = await as(browser, node, null, options);
	await signIn(page, provider, who, "keys");
	await expect(page.getByRole("heading", { level: 1, name: "API keys" })).toBeVisible();
	return page;
}

async function signIn(page: Page, provider: Provider, who: Who, to: string): Promise<void> {
	provider.says = who;
	await page.goto(`auth/oidc?return=${encodeURIComponent(`/console/${to}`)}`);
}

/** What was answered when the page asked for new keys. */
function answers(page: Page): number[] {
	const all: number[] = [];
	page.on("response", (r) => {
		if (r.request().method() === "POST" && r.url().endsWith("/api/v1/keys")) all.push(r.status());
	});
	return all;
}

/** Fills in the dialog for a new key, and sends it. */
async function makeKey(page: Page, name: string): Promise<void> {
	await page.getByRole("button", { name: "New key" }).click();
	await page.getByLabel("Name", { exact: true }).fill(name);
	await page.keyboard.press("Enter");
}

const confirming = (page: Page) => page.getByRole("dialog", { name: "Confirm that it is you" });
const made = (page: Page) => page.getByRole("dialog", { name: "Your new key" });

/** How many keys of a name there are. */
async function keysCalled(node: Node, name: string): Promise<number> {
	const all = (await node.api("GET", "/keys?limit=1000")).data as { name?: string }[];
	return all.filter((k) => k.name === name).length;
}

test("what changes who gets in goes through once it is confirmed, and is done once", async ({
	browser,
	node,
	provider,
}) => {
	await node.person("owner", {}, "ann@example.com");
	const page = await signedIn({ browser, node, provider }, { email: "ann@example.com", ago: hour });
	const sent = answers(page);
	await makeKey(page, "asked");
	const dialog = confirming(page);
	await expect(dialog.getByLabel("Password")).toBeFocused();
	await sound(page);
	await picture(page, "confirm");
	await page.setViewportSize({ width: 360, height: 780 });
	await sound(page);
	await page.setViewportSize({ width: 1360, height: 900 });

	// A wrong password is told at its field, which keeps the focus, and changes nothing.
	await page.keyboard.type("not the password");
	await page.keyboard.press("Enter");
	await expect(dialog.getByText("is not your password")).toBeVisible();
	await expect(dialog.getByLabel("Password")).toBeFocused();
	await sound(page);
	expect(sent).toEqual([403]);
	expect(await keysCalled(node, "asked")).toBe(0);

	await dialog.getByLabel("Password").fill(password);
	await page.keyboard.press("Enter");
	await expect(made(page)).toBeVisible();
	await expect(dialog).toHaveCount(0);
	expect(sent).toEqual([403, 201]);
	expect(await keysCalled(node, "asked")).toBe(1);

	// The next ten minutes nobody is asked again.
	await page.getByRole("dialog").getByRole("button", { name: "I have copied it" }).click();
	await makeKey(page, "not asked");
	await expect(made(page)).toBeVisible();
	expect(sent).toEqual([403, 201, 201]);
	await page.context().close();
});

test("whoever does not confirm changes nothing, and loses nothing that was typed", async ({
	browser,
	node,
	provider,
}) => {
	await node.person("owner", {}, "bea@example.com");
	const page = await signedIn({ browser, node, provider }, { email: "bea@example.com", ago: hour });
	const sent = answers(page);
	const send = page.getByRole("dialog").getByRole("button", { name: "Create key" });
	const ways = [
		() => page.keyboard.press("Escape"),
		() => confirming(page).getByRole("button", { name: "Cancel" }).click(),
		() => confirming(page).getByRole("button", { name: "Close" }).click(),
	];
	await makeKey(page, "never");
	for (const leave of ways) {
		await expect(confirming(page).getByLabel("Password")).toBeFocused();
		// The dialog holds the focus: all that Tab reaches is within it.
		for (let i = 0; i < 8; i++) await page.keyboard.press("Tab");
		expect(await page.evaluate(() => document.activeElement?.closest("main"))).toBeNull();
		await leave();
		await expect(confirming(page)).toHaveCount(0);
		await expect(page.getByLabel("Name", { exact: true })).toHaveValue("never");
		await expect(page.getByRole("alert").getByText("Nothing was changed")).toBeVisible();
		await send.click();
	}
	await expect(confirming(page)).toBeVisible();
	expect(sent).toEqual([403, 403, 403, 403]);
	expect(await keysCalled(node, "never")).toBe(0);
	await page.context().close();
});

test("a passkey confirms", async ({ browser, node, provider }) => {
	await node.person("owner", {}, "cleo@example.com");
	const page = await signedIn({ browser, node, provider }, { email: "cleo@example.com", ago: 0 });
	const device = await authenticator(page);
	await page.goto("account");
	await page.getByRole("button", { name: "Add a passkey" }).click();
	await page.getByRole("dialog").getByLabel("What this device is called").fill("Phone");
	await page.getByRole("dialog").getByRole("button", { name: "Add a passkey" }).click();
	await expect(page.getByText("Passkey added")).toBeVisible();

	await signIn(page, provider, { email: "cleo@example.com", ago: hour }, "keys");
	const sent = answers(page);
	await makeKey(page, "by a passkey");
	// Whoever does not touch the device stays where they are, and may do so later.
	await device.refuse();
	await confirming(page).getByRole("button", { name: "Confirm with a passkey" }).click();
	await expect(confirming(page).getByRole("button", { name: "Confirm with a passkey" })).toBeEnabled();
	await expect(confirming(page).getByRole("alert")).toHaveCount(0);
	await sound(page);
	expect(sent).toEqual([403]);
	await device.agree();
	await confirming(page).getByRole("button", { name: "Confirm with a passkey" }).click();
	await expect(made(page)).toBeVisible();
	expect(sent).toEqual([403, 201]);
	await page.context().close();
});

test("a code confirms, once", async ({ browser, node, provider }) => {
	await node.person("owner", {}, "dora@example.com");
	const page = await signedIn({ browser, node, provider }, { email: "dora@example.com", ago: 0 });
	await page.goto("account");
	await page.getByRole("button", { name: "Turn on" }).click();
	const secret = (await page.locator("dialog pre").textContent()) ?? "";
	const used = totp(secret);
	await page.getByLabel("Code of your authenticator").fill(used);
	await page.getByRole("dialog").getByRole("button", { name: "Turn on" }).click();
	await page.getByRole("button", { name: "I have kept them" }).click();

	await signIn(page, provider, { email: "dora@example.com", ago: hour }, "keys");
	const sent = answers(page);
	await makeKey(page, "by a code");
	const dialog = confirming(page);
	await dialog.getByLabel("Password").fill("half a passw");
	await dialog.getByRole("button", { name: "Use a code instead" }).click();
	// A password is not shown where a code is typed.
	await expect(dialog.getByLabel("Code of your authenticator")).toHaveValue("");
	await sound(page);
	await dialog.getByLabel("Code of your authenticator").fill(used);
	await page.keyboard.press("Enter");
	await expect(dialog.getByText("was used before")).toBeVisible();
	expect(sent).toEqual([403]);
	await dialog.getByLabel("Code of your authenticator").fill(totp(secret, Date.now() + 30_000));
	await page.keyboard.press("Enter");
	await expect(made(page)).toBeVisible();
	expect(sent).toEqual([403, 201]);
	await page.context().close();
});

test("the provider confirms in another window, and only who is meant", async ({
	browser,
	node,
	provider,
}) => {
	await node.person("owner", {}, "eve@example.com");
	const page = await signedIn({ browser, node, provider }, { email: "eve@example.com", ago: hour });
	const sent = answers(page);
	await makeKey(page, "by the provider");
	const elsewhere = async () => {
		const opened = page.context().waitForEvent("page");
		await confirming(page).getByRole("link", { name: "Confirm with Acme" }).click();
		return opened;
	};
	for (const [who, told] of [
		[{ email: "owner@example.com", ago: 0 }, "Somebody else is signed in there"],
		[{ email: "eve@example.com", ago: hour }, "did not ask you anew"],
	] as const) {
		provider.says = who;
		const other = await elsewhere();
		await expect(other.getByRole("heading", { name: "Not confirmed" })).toBeVisible();
		await expect(other.getByText(told)).toBeVisible();
		expect(provider.prompt).toBe("login");
		await sound(other);
		await other.close();
		await expect(confirming(page)).toBeVisible();
	}
	expect(sent).toEqual([403]);
	provider.says = { email: "eve@example.com", ago: 0 };
	const other = await elsewhere();
	await expect(other.getByRole("heading", { name: "Confirmed" })).toBeVisible();
	await sound(other);
	await picture(other, "confirmed");
	await expect(made(page)).toBeVisible();
	expect(sent).toEqual([403, 201]);
	await page.context().close();
});

test("what was confirmed ten minutes ago is to be confirmed again", async ({ browser, node, provider }) => {
	await node.person("owner", {}, "fay@example.com");
	const page = await signedIn({ browser, node, provider }, { email: "fay@example.com", ago: 600 - 8 });
	const sent = answers(page);
	await makeKey(page, "in time");
	await expect(made(page)).toBeVisible();
	expect(sent).toEqual([201]);
	await page.getByRole("dialog").getByRole("button", { name: "I have copied it" }).click();
	await until("the ten minutes are over", async () =>
		page.evaluate(async () => {
			const r = await fetch("auth/confirm");
			return ((await r.json()) as { confirmed_until: string | null }).confirmed_until === null;
		}),
	);
	await makeKey(page, "too late");
	await confirming(page).getByLabel("Password").fill(password);
	await page.keyboard.press("Enter");
	await expect(made(page)).toBeVisible();
	expect(sent).toEqual([201, 403, 201]);
	await page.context().close();
});

test("below a prefix it is all the same", async ({ browser, node, provider }) => {
	await node.person("owner", {}, "gil@example.com");
	const page = await signedIn({ browser, node, provider }, { email: "gil@example.com", ago: hour });
	const asked: string[] = [];
	page.on("request", (r) => asked.push(new URL(r.url()).pathname));
	await page.goto(`${node.url}${Gateway.prefix}/console/keys`);
	const sent = answers(page);
	await makeKey(page, "below a prefix");
	await confirming(page).getByLabel("Password").fill(password);
	await page.keyboard.press("Enter");
	await expect(made(page)).toBeVisible();
	expect(sent).toEqual([403, 201]);
	expect(asked.filter((path) => !path.startsWith(`${Gateway.prefix}/`))).toEqual([]);
	await page.goto(`${node.url}${Gateway.prefix}/console/confirmed`);
	await expect(page.getByRole("heading", { name: "Confirmed" })).toBeVisible();
	await page.context().close();
});

test("a dialog that cannot learn how to confirm says so, and tries again", async ({
	browser,
	node,
	provider,
}) => {
	await node.person("owner", {}, "hal@example.com");
	const page = await signedIn({ browser, node, provider }, { email: "hal@example.com", ago: hour });
	const doors = "**/console/auth/confirm";
	await page.route(doors, (r) => r.abort());
	await makeKey(page, "at last");
	await expect(confirming(page).getByText("Check the connection")).toBeVisible();
	await sound(page);
	await page.unroute(doors);
	await confirming(page).getByRole("button", { name: "Try again" }).click();
	await confirming(page).getByLabel("Password").fill(password);
	await page.keyboard.press("Enter");
	await expect(made(page)).toBeVisible();
	await page.context().close();
});

test("whom the provider names and nobody here knows is told so at the door", async ({
	browser,
	node,
	owner,
	provider,
}) => {
	expect(owner).toBeTruthy();
	const page = await as(browser, node, null);
	await signIn(page, provider, { email: "stranger@example.com", ago: 0 }, "keys");
	await expect(page.getByRole("alert")).toContainText("Nobody here has the e-mail address");
	await sound(page);
	// Whoever signs in there by another way begins at the first page.
	await page.getByLabel("E-mail").fill("owner@example.com");
	await page.getByLabel("Password").fill(password);
	await page.keyboard.press("Enter");
	await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
	await page.context().close();
});
