// Reports: what they are made of, what is behind their rows, and where they go.
import { readFile } from "node:fs/promises";
import { as, expect, type Node, picture, sound, test, until } from "./world.ts";

const phone =
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1";
const desktop = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0.0.0 Safari/537.36";
const hostile = '"><img src=x onerror=alert(1)>,a\\b';

type Market = { offers: number[]; affiliates: number[]; advertiser: number };

// Two offers and two affiliates with traffic: 12 clicks, 4 conversions.
async function traffic(node: Node, name: string): Promise<Market> {
	const one = await node.market(`${name} one`);
	const two = await node.market(`${name} two`);
	for (let i = 0; i < 12; i++) {
		const market = i % 3 === 0 ? two : one;
		const id = await node.click(
			market.offer,
			market.affiliate,
			{ sub1: i === 1 ? hostile : `camp${i % 2}` },
			{ "User-Agent": i % 4 === 0 ? phone : desktop },
		);
		if (i % 3 === 1) await node.postback({ transaction_id: id, order_id: `${name}-${i}` });
	}
	const filter = `offer=${one.offer},${two.offer}`;
	await until("all is counted", async () => {
		const q = new URLSearchParams({ filter, metrics: "clicks,conversions" });
		const { total } = await node.api("GET", `/reports?${q}`);
		return total.clicks === 12 && total.conversions === 4;
	});
	return {
		offers: [one.offer, two.offer],
		affiliates: [one.affiliate, two.affiliate],
		advertiser: one.advertiser,
	};
}

let market: Market;
test.beforeAll(async ({ node }) => {
	market = await traffic(node, "Report");
});

const only = () => `filter=offer%3D${market.offers.join("%2C")}`;

test("a report is begun, taken apart row by row, and leads to its facts", async ({ page }) => {
	await page.goto("reports");
	await page.getByRole("group", { name: "Start with" }).getByRole("button", { name: "By offer" }).click();
	await expect(page).toHaveURL(/dimensions=offer/);
	const row = page.getByRole("row").filter({ hasText: "Report one" });
	await expect(row).toContainText("8");
	await expect(page.getByText(/counted up to .* · took/)).toBeVisible();
	await expect(page.locator("canvas")).toBeVisible();
	await sound(page);
	await picture(page, "reports");

	// Down into the row, by another dimension.
	await page.getByRole("button", { name: "Report one", exact: true }).click();
	await page.getByRole("searchbox", { name: /^Break down by/ }).fill("sub 1");
	await page.keyboard.press("Enter");
	await expect(page).toHaveURL(/dimensions=sub1.*filter=offer/);
	await expect(page.getByRole("button", { name: /Offer is Report one/ })).toBeVisible();
	const odd = page.getByRole("button", { name: hostile, exact: true });
	await expect(odd).toBeVisible();
	await sound(page);

	// And to the clicks that are behind it.
	await odd.click();
	await page.getByRole("link", { name: "Show the clicks" }).click();
	await expect(page).toHaveURL(/console\/clicks\?.*sub1/);
	await page.goBack();
	await expect(odd).toBeVisible();
	await page.goBack();
	await expect(page.getByRole("button", { name: "Report two", exact: true })).toBeVisible();
});

test("rows, columns and filters are chosen by keyboard alone", async ({ page }) => {
	await page.goto(`reports?dimensions=offer&${only()}`);
	await page.getByRole("button", { name: "Add", exact: true }).focus();
	await page.keyboard.press("Enter");
	await page.keyboard.type("device");
	await page.keyboard.press("Enter");
	await page.keyboard.press("Escape");
	await expect(page).toHaveURL(/dimensions=offer%2Cdevice/);
	await expect(page.getByRole("columnheader", { name: "Device" })).toBeVisible();

	await page.getByRole("button", { name: "7 columns" }).focus();
	await page.keyboard.press("Enter");
	await page.keyboard.type("unique");
	await page.keyboard.press("Enter");
	await page.keyboard.press("Escape");
	await expect(page.getByRole("button", { name: "8 columns" })).toBeFocused();
	await expect(page.getByRole("columnheader", { name: "Unique clicks" })).toBeVisible();
	await page.keyboard.press("Enter");
	await page.getByRole("button", { name: "Move Unique clicks up" }).press("Enter");
	await expect(page).toHaveURL(/cr%2Cunique_clicks%2Cepc/);
	await page.keyboard.press("Escape");

	await page.getByRole("button", { name: "Filter", exact: true }).focus();
	await page.keyboard.press("Enter");
	await page.keyboard.type("device");
	await page.keyboard.press("Enter");
	await expect(page.getByRole("checkbox", { name: /^mobile/ })).toBeVisible();
	await page.keyboard.type("mobile");
	await page.keyboard.press("Enter");
	await page.getByRole("button", { name: "Apply" }).press("Enter");
	await expect(page).toHaveURL(/filter=device%3Dmobile/);
	await expect(page.getByRole("row").filter({ hasText: "desktop" })).toHaveCount(0);
	await sound(page);

	await page.getByRole("columnheader", { name: "Clicks", exact: true }).getByRole("button").press("Enter");
	await expect(page).toHaveURL(/sort=clicks/);
	await page.getByRole("button", { name: "Remove Device" }).last().press("Enter");
	await expect(page).not.toHaveURL(/device%3Dmobile/);
});

test("two periods are compared, in the table and in the chart", async ({ page }) => {
	await page.goto(`reports?dimensions=day&range=last7&${only()}`);
	await page.getByRole("button", { name: "Compare" }).click();
	await expect(page).toHaveURL(/compare=previous/);
	await expect(page.getByText("Clicks, period before")).toBeVisible();
	await page.getByRole("button", { name: "Show table" }).click();
	await expect(page.getByRole("columnheader", { name: "Clicks, period before" })).toBeVisible();
	await sound(page);
});

test("a report is saved, shared, opened by another, and deleted with a way back", async ({
	page,
	browser,
	node,
}) => {
	await page.goto(`reports?dimensions=offer&${only()}`);
	const menu = page.getByRole("button", { name: "Saved reports" });
	await menu.click();
	await page.getByRole("menuitem", { name: "Save as…" }).click();
	await page.getByRole("textbox", { name: "Name" }).fill("<b>Weekly</b>");
	await page.getByLabel(/Everyone on your side/).check();
	await page.getByRole("button", { name: "Save", exact: true }).click();
	await expect(page).toHaveURL(/saved=\d+/);
	await expect(menu).toContainText("<b>Weekly</b>");

	// It changes with the report only when that is kept.
	await page.getByRole("button", { name: "Compare" }).click();
	await expect(page).toHaveURL(/compare=previous/);
	await menu.click();
	await page.getByRole("menuitem", { name: "Save changes" }).click();
	await expect(page.getByText("Saved “<b>Weekly</b>”").last()).toBeVisible();

	const analyst = await as(browser, node, await node.person("analyst", {}, "reports-analyst@example.com"));
	await analyst.goto("reports");
	await analyst.getByRole("button", { name: "Saved reports" }).click();
	await analyst.getByRole("menuitem", { name: /<b>Weekly<\/b> \(by/ }).click();
	await expect(analyst).toHaveURL(/compare=previous.*saved=|saved=.*compare=previous/);
	await expect(analyst.getByRole("button", { name: "Report one", exact: true })).toBeVisible();
	await analyst.getByRole("button", { name: "Saved reports" }).click();
	await expect(analyst.getByRole("menuitem", { name: "Delete" })).toHaveCount(0);
	await sound(analyst);
	await analyst.context().close();

	await menu.click();
	await page.getByRole("menuitem", { name: "Delete" }).click();
	await expect(page).not.toHaveURL(/saved=/);
	await page.getByRole("button", { name: "Undo" }).last().click();
	await expect(menu).toContainText("<b>Weekly</b>");
});

test("the whole report is downloaded as CSV", async ({ page }) => {
	await page.goto(`reports?dimensions=offer,sub1&${only()}`);
	await page.getByRole("button", { name: "Export" }).click();
	const coming = page.waitForEvent("download");
	await page.getByRole("menuitem", { name: "CSV, all rows" }).click();
	const file = await readFile(await (await coming).path(), "utf8");
	const lines = file.trim().split("\n");
	expect(lines[0]).toMatch(/^offer,offer_name,sub1,clicks,conversions/);
	expect(lines.length).toBe(1 + 5);
	expect(file).toContain('""><img src=x onerror=alert(1)>');
});

test("what is refused says why and what to do", async ({ page }) => {
	await page.route("**/api/v1/reports?*offer%2Csub1*", (r) =>
		r.fulfill({
			status: 504,
			contentType: "application/problem+json",
			body: JSON.stringify({
				type: "urn:waybill:problem:timeout",
				status: 504,
				detail: "It was stopped after 1m.",
			}),
		}),
	);
	await page.goto("reports?dimensions=offer,sub1&range=last90");
	await expect(page.getByText("The report took too long")).toBeVisible();
	await sound(page);
	await page.getByRole("button", { name: "Leave out free values" }).click();
	await expect(page.getByRole("button", { name: "Report one", exact: true })).toBeVisible();
});

test("caps, the time to convert and cohorts", async ({ page, node }) => {
	const offer = market.offers[0] as number;
	await node.api("PATCH", `/offers/${offer}`, {
		caps: [{ metric: "conversions", period: "day", limit: "4" }],
	});
	await page.goto("reports?tab=caps");
	const row = page.getByRole("row").filter({ hasText: "Report one" });
	await expect(row).toContainText("4 conversions a day");
	await sound(page);
	await picture(page, "reports-caps");
	await page.goto(`reports?tab=delay&${only()}`);
	await expect(page.getByText("Half of them took no longer")).toBeVisible();
	await expect(page.getByRole("row").filter({ hasText: "Under 1 min" })).toContainText("4");
	await sound(page);
	await picture(page, "reports-delay");
	await page.goto(`reports?tab=cohort&${only()}`);
	await expect(page.getByRole("row").filter({ hasText: "Total" })).toContainText("12");
	await sound(page);
	await picture(page, "reports-cohort");
});

test("partners see their own, without what is not theirs", async ({ browser, node }) => {
	const affiliate = await as(
		browser,
		node,
		await node.person(
			"affiliate",
			{ affiliate_id: market.affiliates[0] as number },
			"reports-aff@example.com",
		),
	);
	await affiliate.goto("reports?dimensions=offer&metrics=clicks,revenue,payout");
	await expect(affiliate.getByRole("button", { name: "Report one", exact: true })).toBeVisible();
	await expect(affiliate.getByRole("button", { name: "Report two", exact: true })).toHaveCount(0);
	await expect(affiliate.getByRole("columnheader", { name: "Payout" })).toBeVisible();
	await expect(affiliate.getByRole("columnheader", { name: "Revenue" })).toHaveCount(0);
	await sound(affiliate);
	await affiliate.context().close();

	const advertiser = await as(
		browser,
		node,
		await node.person("advertiser", { advertiser_id: market.advertiser }, "reports-adv@example.com"),
	);
	await advertiser.goto("reports?dimensions=offer,sub1&metrics=clicks,revenue,payout");
	await expect(advertiser.getByRole("button", { name: "Report one", exact: true })).toBeVisible();
	await expect(advertiser.getByRole("columnheader", { name: "Revenue" })).toBeVisible();
	await expect(advertiser.getByRole("columnheader", { name: "Payout" })).toHaveCount(0);
	await expect(advertiser.getByRole("columnheader", { name: "Sub 1" })).toHaveCount(0);
	await sound(advertiser);
	await advertiser.context().close();
});

test("on a phone the controls stand in one dialog", async ({ browser, node, owner }) => {
	const page = await as(browser, node, owner, {
		viewport: { width: 360, height: 740 },
		isMobile: true,
		hasTouch: true,
	});
	await page.goto(`reports?dimensions=offer&${only()}`);
	await expect(page.getByRole("button", { name: "Report one", exact: true })).toBeVisible();
	await sound(page);
	await page.getByRole("button", { name: "Adjust" }).tap();
	await page.getByRole("dialog").getByRole("button", { name: "Compare" }).tap();
	await sound(page);
	await page.getByRole("button", { name: "Done" }).tap();
	await expect(page).toHaveURL(/compare=previous/);
	await picture(page, "reports-phone");
	await page.context().close();
});
