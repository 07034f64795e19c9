// Money: the network pays affiliates, takes back what was paid wrongly, and books what
// an advertiser has paid; each partner sees its own part.
import type { Page } from "@playwright/test";
import { as, expect, Node, picture, test as shared, sound, until, type Worlds } from "./world.ts";

// A node of its own: what is due is due to all of its affiliates.
const test = shared.extend<object, Worlds>({
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
});

test.describe.configure({ mode: "serial", timeout: 180_000 });

const phone = { width: 390, height: 844 };
const desk = { width: 1360, height: 900 };

/** Holds a page to what every page must be, in both themes and on a phone. */
async function everywhere(page: Page, name: string): Promise<void> {
	await expect(page.locator(".skeleton")).toHaveCount(0);
	await picture(page, `payouts-${name}`);
	for (const colorScheme of ["light", "dark"] as const) {
		await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
		await sound(page);
	}
	await page.setViewportSize(phone);
	await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
	await sound(page);
	await page.screenshot({ path: `test-results/pages/payouts-${name}-phone.png` });
	await page.setViewportSize(desk);
}

type Market = { advertiser: number; offer: number; affiliate: number; other: number };
let made: Market;

/** Three conversions by one affiliate and one by another, all approved. */
async function sell(node: Node): Promise<Market> {
	const market = await node.market("Payday");
	const other = (await node.api("POST", "/affiliates", { name: "Small Blog" })).id;
	const by = [market.affiliate, market.affiliate, market.affiliate, other];
	for (const [i, affiliate] of by.entries()) {
		const id = await node.click(market.offer, affiliate);
		await node.postback({ transaction_id: id, order_id: `PAY-${i + 1}` });
	}
	await until("all is owed", async () => {
		const due = (await node.api("GET", "/payouts/due")).data as { conversions: number }[];
		return due.reduce((n, d) => n + d.conversions, 0) === by.length;
	});
	return { ...market, other };
}

test.beforeAll(async ({ node }) => {
	made = await sell(node);
});

const row = (page: Page, name: string) => page.getByRole("row").filter({ hasText: name });

test("the network pays affiliates, and sees it booked", async ({ page, node }) => {
	await page.setViewportSize(desk);
	await page.goto("payouts");
	// By default up to the end of last month, in which nothing happened.
	await expect(page.getByText("Nothing is to be paid")).toBeVisible();
	await everywhere(page, "none-due");
	await page.getByRole("button", { name: "Up to now" }).click();
	await expect(page).toHaveURL(/to=now/);
	await expect(row(page, "Payday Blog")).toContainText("$15.00");
	await expect(row(page, "Small Blog")).toContainText("$5.00");
	await expect(page.getByText("it moves no money")).toBeVisible();

	const file = page.waitForEvent("download");
	await page.getByRole("button", { name: "CSV for the bank" }).click();
	const csv = await (await (await file).createReadStream()).toArray();
	expect(Buffer.concat(csv as Buffer[]).toString()).toContain(`${made.affiliate},Payday Blog,USD,15.00,3,0,`);

	await page.getByRole("checkbox", { name: `Pay affiliate ${made.affiliate} in USD` }).check();
	await expect(page.getByRole("status").filter({ hasText: "1 chosen: $15.00" })).toBeVisible();
	await page.getByRole("button", { name: "Choose all", exact: true }).click();
	await expect(page.getByRole("status").filter({ hasText: "2 chosen: $20.00" })).toBeVisible();
	await everywhere(page, "due");

	await page.getByRole("button", { name: "Pay…" }).click();
	const dialog = page.getByRole("dialog");
	await expect(dialog.getByRole("heading", { name: "Pay 2 affiliates" })).toBeVisible();
	await expect(dialog).toContainText("$20.00");
	await expect(dialog).toContainText("No money is moved: that is done by your bank.");
	expect((await node.api("GET", "/payouts")).data, "nothing is booked before one says so").toEqual([]);
	await dialog.getByLabel("Reference").fill("SEPA 7");
	await dialog.getByLabel("Note").fill("between us");
	await everywhere(page, "ask");
	await dialog.getByRole("button", { name: "Book 2 payouts" }).click();
	await expect(dialog.getByRole("heading", { name: "Payouts booked" })).toBeVisible({ timeout: 20_000 });
	await expect(dialog).toContainText("Now send $20.00 by your bank.");
	await everywhere(page, "booked");
	await dialog
		.getByRole("link", { name: /Payout \d+/ })
		.first()
		.click();

	await expect(page.getByRole("heading", { level: 1, name: /Payout \d+/ })).toBeVisible();
	await page.goto("payouts?tab=made");
	await expect(page.getByRole("table").getByRole("link", { name: /Payout/ })).toHaveCount(2);
	await everywhere(page, "made");
	await row(page, "Payday Blog")
		.getByRole("link", { name: /Payout/ })
		.click();
	await expect(page.getByRole("main")).toContainText("$15.00");
	await expect(page.getByRole("link", { name: "PAY-2" })).toBeVisible();
	await expect(page.getByRole("textbox", { name: "Note" })).toHaveValue("between us");
	await page.getByRole("textbox", { name: "Reference" }).fill("SEPA 2026-11-23");
	await page.getByRole("button", { name: "Save changes" }).click();
	await expect(page.getByText("Saved", { exact: true })).toBeVisible();
	await everywhere(page, "one");
	const [booked] = (await node.api("GET", `/payouts?affiliate_id=${made.affiliate}`)).data;
	expect(booked).toMatchObject({ reference: "SEPA 2026-11-23", status: "booked", conversions: 3 });

	await page.goto("balances");
	await expect(row(page, "Payday Blog")).toContainText("$15.00");
	await page.goto("payouts?to=now");
	await expect(page.getByText("Nothing is to be paid")).toBeVisible();
});

test("the affiliate sees what it was paid, and nothing of the network's", async ({ browser, node }) => {
	const who = await node.person("affiliate", { affiliate_id: made.affiliate }, "paid@example.com");
	const page = await as(browser, node, who, { viewport: desk });
	await page.goto("payouts");
	await expect(page.getByText("Paid to you so far")).toBeVisible();
	await expect(page.getByRole("main")).toContainText("SEPA 2026-11-23");
	await expect(page.getByRole("table").getByRole("link", { name: /Payout/ })).toHaveCount(1);
	await everywhere(page, "affiliate");
	await page.getByRole("link", { name: /Payout \d/ }).click();
	await expect(page.getByRole("link", { name: "PAY-1" })).toBeVisible();
	await expect(page.getByRole("main")).not.toContainText("between us");
	await expect(page.getByRole("textbox", { name: "Reference" })).toHaveCount(0);
	await everywhere(page, "affiliate-one");
	await page.getByRole("link", { name: "PAY-1" }).click();
	await expect(page.getByRole("link", { name: /Payout \d/ }).first()).toBeVisible();
	await expect(page.getByRole("button", { name: "Claw back…" })).toHaveCount(0);
	await page.context().close();
});

test("what was paid wrongly is taken back from the next payout", async ({ page, browser, node }) => {
	await page.setViewportSize(desk);
	await page.goto(`conversions?order_id=PAY-3`);
	await row(page, "PAY-3").getByRole("link").first().click();
	await page.getByRole("button", { name: "Claw back…" }).click();
	const dialog = page.getByRole("dialog");
	await expect(dialog.getByLabel("How much is taken back")).toHaveValue("5");
	await expect(dialog.getByRole("button", { name: "Claw back", exact: true })).toBeDisabled();
	await dialog.getByLabel("How much is taken back").fill("9");
	await dialog.getByLabel("What it is for").fill("sent back");
	await dialog.getByRole("button", { name: "Claw back", exact: true }).click();
	await expect(dialog.locator('[aria-invalid="true"], .notice.bad').first()).toBeVisible();
	await dialog.getByLabel("How much is taken back").fill("5.00");
	await everywhere(page, "clawback");
	await dialog.getByRole("button", { name: "Claw back", exact: true }).click();
	await expect(page.getByRole("heading", { name: "Taken back" })).toBeVisible();
	await everywhere(page, "taken-back");

	await page.goto("payouts?to=now");
	await expect(row(page, "Payday Blog")).toContainText("Nothing to pay");
	await expect(page.getByRole("checkbox", { name: `Pay affiliate ${made.affiliate}` })).toBeDisabled();

	await page.goto("adjustments");
	await page.getByRole("button", { name: "New adjustment" }).click();
	await dialog.getByRole("combobox", { name: "Affiliate", exact: true }).fill("Payday");
	await dialog.getByRole("option", { name: /Payday Blog/ }).click();
	await dialog.getByLabel("Amount").fill("20");
	await dialog.getByLabel("What it is for").fill("best of the month");
	await everywhere(page, "adjust");
	await dialog.getByRole("button", { name: "Book the bonus" }).click();
	await expect(row(page, "best of the month")).toContainText("+$20.00");
	await expect(row(page, "sent back")).toContainText("-$5.00");
	await everywhere(page, "adjustments");
	await page.goto("payouts?to=now");
	await expect(row(page, "Payday Blog")).toContainText("$15.00");

	const who = await node.person("affiliate", { affiliate_id: made.affiliate }, "adjusted@example.com");
	const theirs = await as(browser, node, who, { viewport: desk });
	await theirs.goto("adjustments");
	await expect(row(theirs, "sent back")).toContainText("with the next payout");
	await everywhere(theirs, "affiliate-adjustments");
	await theirs.context().close();
});

test("a payment of an advertiser is booked, and the advertiser sees it", async ({ page, browser, node }) => {
	await page.setViewportSize(desk);
	await page.goto("balances");
	await expect(row(page, "Payday Shop")).toContainText("$32.00");
	await everywhere(page, "balances");
	await page.getByRole("button", { name: "Actions for Payday Shop" }).click();
	await page.getByRole("menuitem", { name: "Book a payment…" }).click();
	const dialog = page.getByRole("dialog");
	await expect(dialog.getByLabel("Amount")).toHaveValue("32.00");
	await dialog.getByLabel("Amount").fill("30");
	await dialog.getByLabel("What it is for").fill("invoice 12");
	await dialog.getByRole("button", { name: "Book the payment" }).click();
	await expect(row(page, "invoice 12")).toContainText("Payment");

	const who = await node.person("advertiser", { advertiser_id: made.advertiser }, "payer@example.com");
	const theirs = await as(browser, node, who, { viewport: desk });
	await theirs.goto("adjustments");
	await expect(theirs.getByText("You still owe")).toBeVisible();
	await expect(theirs.getByRole("main")).toContainText("$2.00");
	await expect(row(theirs, "invoice 12")).toContainText("+$30.00");
	await everywhere(theirs, "advertiser");
	await theirs.goto("payouts");
	await expect(theirs.getByText("This is not yours to see")).toBeVisible();
	await expect(theirs.getByRole("main")).not.toContainText("Payday Blog");
	await theirs.context().close();
});

test("who only reads pays nobody", async ({ browser, node }) => {
	const who = await node.person("analyst", {}, "reads@example.com");
	const page = await as(browser, node, who, { viewport: desk });
	await page.goto("payouts?to=now");
	await expect(row(page, "Payday Blog")).toBeVisible();
	await expect(page.getByRole("button", { name: "Pay…" })).toHaveCount(0);
	await page.goto("adjustments?new=1");
	await expect(page.getByRole("heading", { name: "Adjustments" })).toBeVisible();
	await expect(page.getByRole("dialog")).toHaveCount(0);
	await everywhere(page, "analyst");
	await page.context().close();
});
