// Signing in, as people do it: the first owner, invitations, codes, passkeys, lost
// passwords, and what each role has before it.
import { as, authenticator, expect, Node, password, picture, sound, test, totp } from "./world.ts";

test("the printed link makes the owner, once", async ({ browser }) => {
	const node = new Node();
	await node.start();
	try {
		const page = await as(browser, node, null);
		await page.goto(`${node.url}/`);
		await expect(page.getByRole("heading", { name: "Nobody has an account yet" })).toBeVisible();
		await sound(page);
		await picture(page, "setup-needed");
		await page.goto(node.ownerLink);
		await expect(page.getByRole("heading", { name: "Become the owner" })).toBeVisible();
		await sound(page);
		await picture(page, "become-owner");
		await page.getByLabel("Your name").fill("Olive");
		await page.getByLabel("E-mail").fill("olive@example.com");
		await page.getByLabel("Choose a password").fill("short");
		await page.getByRole("button", { name: "Continue" }).click();
		await expect(page.getByText("shorter than 10 characters")).toBeVisible();
		await page.getByLabel("Choose a password").fill(password);
		await page.getByRole("button", { name: "Continue" }).click();
		await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();

		const again = await as(browser, node, null);
		await again.goto(node.ownerLink);
		await expect(again.getByRole("heading", { name: "This link is not good any more" })).toBeVisible();
		await picture(again, "link-gone");
		await page.context().close();
		await again.context().close();
	} finally {
		await node.stop();
	}
});

test("somebody invited signs in, out and in again", async ({ page, browser, node }) => {
	await page.goto("users");
	await page.getByRole("button", { name: "Invite somebody" }).click();
	const dialog = page.getByRole("dialog");
	await dialog.getByLabel("E-mail").fill("mia@example.com");
	await dialog.getByLabel("Role").selectOption("manager");
	await dialog.getByRole("button", { name: "Invite", exact: true }).click();
	const link = (await page.getByRole("group", { name: "One-time link" }).textContent()) ?? "";
	await picture(page, "users-invited");

	const guest = await as(browser, node, null);
	await guest.goto(link.trim());
	await expect(guest.getByRole("heading", { name: "Welcome to Waybill" })).toBeVisible();
	await guest.getByLabel("Your name").fill("Mia");
	await guest.getByLabel("Choose a password").fill(password);
	await guest.getByRole("button", { name: "Continue" }).click();
	await expect(guest.getByRole("heading", { name: "Overview" })).toBeVisible();
	await guest.getByRole("button", { name: "Mia" }).click();
	await guest.getByRole("menuitem", { name: "Sign out" }).click();
	await expect(guest.getByRole("heading", { name: "Sign in" })).toBeVisible();
	await sound(guest);
	await picture(guest, "sign-in");

	await guest.getByLabel("E-mail").fill("MIA@example.com");
	await guest.getByLabel("Password").fill("not the password");
	await guest.getByRole("button", { name: "Sign in", exact: true }).click();
	await expect(guest.getByRole("alert")).toBeVisible();
	await guest.getByLabel("Password").fill(password);
	await guest.getByRole("button", { name: "Sign in", exact: true }).click();
	await expect(guest.getByRole("heading", { name: "Overview" })).toBeVisible();
	// What a manager may not do is not offered, and refused by the address, too.
	await expect(guest.getByRole("link", { name: "API keys" })).toHaveCount(0);
	await guest.goto(`${node.url}/console/keys`);
	await expect(guest.getByText("This is not yours to see")).toBeVisible();
	await guest.context().close();

	await page.goto("users");
	await expect(page.getByRole("cell", { name: "Mia mia@example.com" })).toBeVisible();
	await sound(page);
	await picture(page, "users");
	await page.goto("audit");
	await expect(page.getByText("Signed in").first()).toBeVisible();
	await sound(page);
	await picture(page, "audit");
});

test("a code is asked for once it is turned on", async ({ browser, node }) => {
	const who = await node.person("analyst", {}, "cody@example.com");
	const page = await as(browser, node, who);
	await page.goto(`${node.url}/console/account`);
	await page.getByRole("button", { name: "Turn on" }).click();
	const secret = (await page.locator("dialog pre").textContent()) ?? "";
	await sound(page);
	await page.getByLabel("Code of your authenticator").fill("000000");
	await page.getByRole("dialog").getByRole("button", { name: "Turn on" }).click();
	await expect(page.getByText(/is not the code/)).toBeVisible();
	await page.getByLabel("Code of your authenticator").fill(totp(secret));
	await page.getByRole("dialog").getByRole("button", { name: "Turn on" }).click();
	await expect(page.getByRole("heading", { name: "Recovery codes" })).toBeVisible();
	const recovery = ((await page.locator("dialog pre").textContent()) ?? "").split("\n")[0] as string;
	await page.getByRole("button", { name: "I have kept them" }).click();
	await sound(page);
	await picture(page, "account");
	await page.context().close();

	const again = await as(browser, node, null);
	await again.goto(`${node.url}/console/`);
	await again.getByLabel("E-mail").fill("cody@example.com");
	await again.getByLabel("Password").fill(password);
	await again.getByRole("button", { name: "Sign in", exact: true }).click();
	await expect(again.getByLabel("Code of your authenticator")).toBeVisible();
	await sound(again);
	await picture(again, "sign-in-code");
	await again.getByLabel("Code of your authenticator").fill(recovery);
	await again.getByRole("button", { name: "Sign in", exact: true }).click();
	await expect(again.getByRole("heading", { name: "Overview" })).toBeVisible();
	await again.context().close();
});

test("a passkey signs in without a password", async ({ browser, node }) => {
	const who = await node.person("analyst", {}, "key@example.com");
	// Browsers keep passkeys for names, not for addresses.
	const at = node.url.replace("127.0.0.1", "localhost");
	const page = await as(browser, node, { ...who, url: at });
	await authenticator(page);
	await page.goto(`${at}/console/account`);
	await page.getByRole("button", { name: "Add a passkey" }).click();
	const dialog = page.getByRole("dialog");
	await dialog.getByLabel("What this device is called").fill("Test key");
	await dialog.getByRole("button", { name: "Add a passkey" }).click();
	await expect(page.getByText("Passkey added")).toBeVisible();
	await expect(page.getByText("Test key")).toBeVisible();
	await page.context().clearCookies();
	await page.goto(`${at}/console/`);
	await page.getByRole("button", { name: "Sign in with a passkey" }).click();
	await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();
	await page.context().close();
});

test("a session that is ended elsewhere shows the log-in", async ({ browser, node }) => {
	const who = await node.person("analyst", {}, "two@example.com");
	const one = await as(browser, node, who);
	await one.goto(`${node.url}/console/account`);
	await expect(one.getByText("This session")).toBeVisible();

	const other = await as(browser, node, null);
	await other.goto(`${node.url}/console/account`);
	await other.getByLabel("E-mail").fill("two@example.com");
	await other.getByLabel("Password").fill(password);
	await other.getByRole("button", { name: "Sign in", exact: true }).click();
	await other.getByRole("button", { name: "Sign out everywhere else" }).click();
	await expect(other.getByText("Signed out")).toBeVisible();

	await one.getByRole("link", { name: "Reports" }).click();
	await expect(one.getByRole("heading", { name: "Sign in" })).toBeVisible();
	await one.context().close();
	await other.context().close();
});

test("a lost password is set anew by a link", async ({ browser, node }) => {
	await node.person("analyst", {}, "lost@example.com");
	const page = await as(browser, node, null);
	await page.goto(`${node.url}/console/`);
	await page.getByRole("button", { name: "Forgot your password?" }).click();
	await expect(page.getByText("This node sends no mail")).toBeVisible();
	await sound(page);
	await page.goto(node.run("user", "link", "lost@example.com").split("\n").at(-1) as string);
	await page.getByLabel("Choose a password").fill("another fine password");
	await page.getByRole("button", { name: "Continue" }).click();
	await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();
	await page.context().close();
});

test("looking as a partner shows what the partner sees, and changes nothing", async ({ page, node }) => {
	const { affiliate, offer } = await node.market("Viewed");
	await node.click(offer, affiliate);
	await page.goto(`affiliates/${affiliate}`);
	await page.getByRole("button", { name: "See as they do" }).click();
	await expect(page.getByText("You see the console as Viewed Blog sees it")).toBeVisible();
	await page.goto(`${node.url}/console/`);
	await expect(page.getByText("Earnings", { exact: true }).first()).toBeVisible();
	await expect(page.getByText("Profit", { exact: true })).toHaveCount(0);
	await sound(page);
	await picture(page, "viewing-as-affiliate");
	await page.getByRole("button", { name: "Leave" }).click();
	await expect(page.getByText("Profit", { exact: true }).first()).toBeVisible();
});
