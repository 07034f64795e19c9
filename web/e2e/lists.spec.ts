// Conversions and their review, signals and their replay, owed postbacks and their
// destinations: as the people of a network, an advertiser and an affiliate use them.
import { expect, type Page } from "@playwright/test";
import { as, type Node, picture, sound, test, until } from "./world.ts";

type Market = { advertiser: number; offer: number; affiliate: number };

/** A market whose conversions wait for somebody to approve them. */
async function pendingMarket(node: Node, name: string): Promise<Market> {
	const m = await node.market(name);
	await node.api("PATCH", `/offers/${m.offer}`, { default_status: "pending" });
	return m;
}

/** Conversions with these orders; gives their IDs. */
async function conversions(node: Node, m: Market, orders: string[]): Promise<string[]> {
	const ids: string[] = [];
	for (const order_id of orders) {
		const transaction_id = await node.click(m.offer, m.affiliate, { sub1: "spring" });
		// What the catalog has just been told takes effect a moment later.
		const v = await until(`order ${order_id} is counted`, async () => {
			const got = await node.postback({ transaction_id, order_id, amount: "20" });
			return got.status === "accepted" && got;
		});
		ids.push(v.conversion_id ?? "");
	}
	return ids;
}

const statuses = async (node: Node, ids: string[]): Promise<string[]> =>
	Promise.all(ids.map(async (id) => (await node.api("GET", `/conversions/${id}`)).status));

const rows = (page: Page) => page.getByRole("table").first().locator("tbody tr");

test.describe("conversions", () => {
	test("are approved, rejected and taken back together, after a look at what would change", async ({
		page,
		node,
	}) => {
		const m = await pendingMarket(node, "Bulk");
		const ids = await conversions(node, m, ["B-1", "B-2", "B-3"]);
		await page.goto(`conversions?offer_id=${m.offer}`);
		await expect(rows(page)).toHaveCount(3);
		await sound(page);

		await page.getByRole("checkbox", { name: "Choose all that are shown" }).check();
		await page.getByRole("button", { name: "Approve", exact: true }).click();
		const dialog = page.getByRole("dialog");
		await expect(dialog.getByRole("heading", { name: "Approve 3 conversions" })).toBeVisible();
		const sums = dialog.getByRole("row", { name: /USD/ });
		await expect(sums).toContainText("60.00");
		await expect(sums).toContainText("24.00");
		await expect(sums).toContainText("15.00");
		await expect(dialog).toContainText("cannot go back there");
		await sound(page);
		expect(await statuses(node, ids)).toEqual(["pending", "pending", "pending"]);

		await dialog.getByLabel("Reason").fill("orders checked");
		await dialog.getByRole("button", { name: "Approve 3 conversions" }).click();
		await expect(dialog.getByRole("heading", { name: "3 conversions approved" })).toBeVisible();
		await expect(dialog.getByRole("button", { name: /Undo/ })).toHaveCount(0);
		await dialog.getByRole("button", { name: "Close" }).last().click();
		await expect(rows(page).getByText("Approved")).toHaveCount(3);
		expect(await statuses(node, ids)).toEqual(["approved", "approved", "approved"]);

		await page.getByRole("checkbox", { name: "Choose B-2" }).check();
		await page.getByRole("checkbox", { name: "Choose B-3" }).check();
		await page.getByRole("button", { name: "Reject", exact: true }).click();
		await dialog.getByRole("button", { name: "Reject 2 conversions" }).click();
		await dialog.getByRole("button", { name: "Undo for 2 conversions" }).click();
		await expect(page.getByText("2 conversions are as they were before")).toBeVisible();
		expect(await statuses(node, ids)).toEqual(["approved", "approved", "approved"]);

		await page.getByRole("row", { name: /B-1/ }).getByRole("link").first().click();
		await expect(page.getByRole("heading", { name: "Order B-1" })).toBeVisible();
		await expect(page.getByText("“orders checked”")).toBeVisible();
	});

	test("that may not become what is wanted stay as they are, and the reason is told", async ({
		page,
		node,
	}) => {
		const m = await pendingMarket(node, "Refusing");
		const ids = await conversions(node, m, ["R-1", "R-2"]);
		await node.api("PATCH", `/conversions/${ids[0]}`, { status: "rejected" });
		await page.goto(`conversions?offer_id=${m.offer}`);
		await page.getByRole("checkbox", { name: "Choose all that are shown" }).check();
		await page.getByRole("button", { name: "Put on hold" }).click();
		const dialog = page.getByRole("dialog");
		await expect(dialog.getByRole("heading", { name: "1 stays as it is" })).toBeVisible();
		await expect(dialog).toContainText("a rejected one can only be approved again");
		await dialog.getByRole("button", { name: "Put 1 conversion on hold" }).click();
		await expect(dialog.getByRole("heading", { name: "1 conversion put on hold" })).toBeVisible();
		expect(await statuses(node, ids)).toEqual(["rejected", "hold"]);
	});

	test("are reviewed beyond the page that is shown", async ({ page, node }) => {
		const m = await pendingMarket(node, "Many");
		const first = await conversions(node, m, ["M-0"]);
		const clicks = await Promise.all(Array.from({ length: 119 }, () => node.click(m.offer, m.affiliate)));
		await node.api(
			"POST",
			"/conversions",
			clicks.map((transaction_id, i) => ({ transaction_id, order_id: `M-${i + 1}`, amount: "1" })),
		);
		await page.goto(`conversions?offer_id=${m.offer}&status=pending`);
		await expect(page.getByText("100 shown, there are more")).toBeVisible();
		await page.getByRole("checkbox", { name: "Choose all that are shown" }).check();
		await page.getByRole("button", { name: "Choose all that fit the filters" }).click();
		await page.getByRole("button", { name: "Approve", exact: true }).click();
		const dialog = page.getByRole("dialog");
		await dialog.getByRole("button", { name: "Approve 120 conversions" }).click();
		await expect(dialog.getByRole("heading", { name: "120 conversions approved" })).toBeVisible();
		await dialog.getByRole("button", { name: "Close" }).last().click();
		await expect(page.getByText("No conversion fits these filters")).toBeVisible();
		expect(await statuses(node, first)).toEqual(["approved"]);
	});

	test("of a report's row are those that the row counts, and the link is passed on as it came", async ({
		page,
		node,
	}) => {
		const m = await node.market("Drilled");
		await conversions(node, m, ["D-1", "D-2"]);
		const report = await until("the report counts both", async () => {
			const r = await node.api(
				"GET",
				`/reports?dimensions=offer&metrics=conversions&filter=offer=${m.offer}&from=${new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)}`,
			);
			return r.rows[0]?.conversions === 2 && r;
		});
		const link = String(report.rows[0].links.conversions);
		const query = new URLSearchParams(link.slice(link.indexOf("?")));
		const asked = page.waitForRequest((r) => r.url().includes("/api/v1/conversions?"));
		await page.goto(`conversions?${query}`);
		const sent = new URL((await asked).url()).searchParams;
		for (const name of ["from", "to", "tz"]) expect(sent.get(name)).toBe(query.get(name));
		expect(sent.getAll("filter")).toEqual(query.getAll("filter"));
		await expect(rows(page)).toHaveCount(2);
		await expect(page.getByText("Status is Approved, Paid, Pending, On hold")).toBeVisible();
		await expect(page.getByText(/All until .* are in/)).toBeVisible();
		await sound(page);
		const chip = page.locator(".chip").filter({ hasText: "Status is" });
		await chip.getByRole("button", { name: "Remove this filter" }).click();
		await expect(page).not.toHaveURL(/status/);
		await page.getByRole("button", { name: "Clear filters" }).click();
		await expect(page).toHaveURL(/\/conversions$/);
	});

	test("tell all about one, and are changed one by one", async ({ page, node }) => {
		const m = await node.market("Single");
		const [id] = await conversions(node, m, ["S-1"]);
		await page.goto(`conversions/${id}`);
		await expect(page.getByText("$20.00").first()).toBeVisible();
		await expect(page.getByRole("link", { name: "Single", exact: true })).toBeVisible();
		await expect(page.getByRole("row", { name: /Affiliate.*5\.00/ })).toBeVisible();
		await sound(page);
		await picture(page, "conversion");

		await page.getByRole("button", { name: "Reject" }).click();
		const dialog = page.getByRole("dialog");
		await dialog.getByLabel("Reason").fill("sent back");
		await dialog.getByRole("button", { name: "Reject" }).click();
		await expect(page.getByText("“sent back”")).toBeVisible();
		await page.getByRole("status").getByRole("button", { name: "Undo" }).click();
		await expect(page.getByText("The conversion is as it was before")).toBeVisible();
		expect(await statuses(node, [id ?? ""])).toEqual(["approved"]);

		// What somebody else changed meanwhile is not overwritten.
		await page.getByRole("button", { name: "Change…" }).click();
		await node.api("PATCH", `/conversions/${id}`, { amount: { amount: "30", currency: "USD" } });
		await dialog.getByLabel("Sale amount in USD").fill("25");
		await dialog.getByRole("button", { name: "Save the change" }).click();
		await expect(dialog.getByRole("alert")).toContainText("Somebody else changed this conversion meanwhile");
		await dialog.getByRole("button", { name: "Cancel" }).click();
		expect((await node.api("GET", `/conversions/${id}`)).amount.amount).toBe("30.00");
	});

	test("show each side its own money", async ({ browser, node }) => {
		const m = await node.market("Sided");
		const [id] = await conversions(node, m, ["X-1"]);
		const affiliate = await as(
			browser,
			node,
			await node.person("affiliate", { affiliate_id: m.affiliate }, "sided-affiliate@example.com"),
		);
		await affiliate.goto("conversions");
		await expect(affiliate.getByRole("columnheader", { name: "Payout" })).toBeVisible();
		await expect(affiliate.getByRole("columnheader", { name: /Revenue|Cost/ })).toHaveCount(0);
		await expect(affiliate.getByRole("checkbox")).toHaveCount(0);
		await sound(affiliate);
		await affiliate.goto(`conversions/${id}`);
		await expect(affiliate.getByText("$5.00").first()).toBeVisible();
		await expect(affiliate.getByText("8.00")).toHaveCount(0);
		await expect(affiliate.getByRole("button", { name: /Reject|Change/ })).toHaveCount(0);
		await sound(affiliate);

		const advertiser = await as(
			browser,
			node,
			await node.person("advertiser", { advertiser_id: m.advertiser }, "sided-advertiser@example.com"),
		);
		await advertiser.goto("conversions");
		await expect(advertiser.getByRole("columnheader", { name: "Cost" })).toBeVisible();
		await expect(advertiser.getByRole("columnheader", { name: "Payout" })).toHaveCount(0);
		await sound(advertiser);
		await advertiser.goto(`conversions/${id}`);
		await expect(advertiser.getByText("$8.00").first()).toBeVisible();
		await expect(advertiser.getByText("$5.00")).toHaveCount(0);
		await sound(advertiser);
	});
});

test.describe("signals", () => {
	test("that were rejected are grouped by cause, and judged again once it is mended", async ({
		page,
		node,
	}) => {
		const m = await node.market("Mended");
		for (const order_id of ["G-1", "G-2"])
			await node.postback({
				transaction_id: await node.click(m.offer, m.affiliate),
				order_id,
				goal: "deposit",
				adv1: "<img src=x onerror=document.title='broken'>",
			});
		await until("both are known", async () => {
			const causes = (await node.api("GET", `/signals/causes?offer_id=${m.offer}`)).data;
			return causes[0]?.count === 2;
		});
		await page.goto(`signals?offer_id=${m.offer}`);
		const cause = page.getByRole("listitem").filter({ hasText: "Goal unknown" });
		await expect(cause).toContainText("2");
		await expect(cause).toContainText("The offer has no goal");
		await sound(page);

		await cause.getByRole("button", { name: "Judge again…" }).click();
		const dialog = page.getByRole("dialog");
		await expect(dialog).toContainText("All of them would be rejected again");
		await expect(dialog.getByRole("button", { name: /Judge 2/ })).toBeDisabled();
		await dialog.getByRole("button", { name: "Cancel" }).click();

		await node.api("POST", `/offers/${m.offer}/goals`, { code: "deposit", name: "Deposit" });
		await until("the new goal is known", async () => {
			const [first] = (await node.api("GET", `/signals?offer_id=${m.offer}`)).data;
			const would = await node.api("POST", `/signals/${first.request_id}/replay`, { dry_run: true });
			return would.verdict.status === "accepted";
		});
		await cause.getByRole("button", { name: "Judge again…" }).click();
		await expect(dialog).toContainText("2 of 2 would count now");
		expect((await node.api("GET", `/conversions?offer_id=${m.offer}`)).data).toHaveLength(0);
		await sound(page);
		await dialog.getByRole("button", { name: "Judge 2 signals again" }).click();
		await expect(dialog).toContainText("2 of 2 count now");
		await dialog.getByRole("button", { name: "Close" }).last().click();
		await expect(page.getByText("Nothing was rejected")).toBeVisible();
		expect((await node.api("GET", `/conversions?offer_id=${m.offer}`)).data).toHaveLength(2);

		await page.getByRole("link", { name: "All signals" }).click();
		await page.getByLabel("Search what came and what was said").fill("G-2");
		await expect(page).toHaveURL(/q=G-2/);
		await expect(rows(page)).toHaveCount(1);
		await rows(page).first().getByRole("link").first().click();
		await expect(page.getByRole("heading", { name: "Earlier verdicts" })).toBeVisible();
		await expect(page.getByText("Goal unknown")).toBeVisible();
		await expect(page.getByRole("group", { name: "The request as it came" })).toContainText("GET /postback");
		await expect(page.getByText("<img src=x")).toBeVisible();
		expect(await page.title()).not.toBe("broken");
		await sound(page);
		await picture(page, "signal");
	});

	test("are judged again one by one, and say what would come of it first", async ({ page, node }) => {
		const m = await node.market("Archived");
		const transaction_id = await node.click(m.offer, m.affiliate);
		await node.api("PATCH", `/offers/${m.offer}`, { status: "archived" });
		const v = await until("the offer is archived everywhere", async () => {
			const got = await node.postback({ transaction_id, order_id: `O-${Date.now()}` });
			return got.code === "offer_inactive" && got;
		});
		await page.goto(`signals/${v.request_id}`);
		await expect(page.getByRole("heading", { name: "Offer archived" })).toBeVisible();
		await sound(page);
		await page.getByRole("button", { name: "Judge again" }).click();
		const dialog = page.getByRole("dialog");
		await expect(dialog).toContainText("As things stand now, it would be rejected");
		await expect(dialog.getByRole("button", { name: "Judge again" })).toBeDisabled();
		await dialog.getByRole("button", { name: "Cancel" }).click();
		await node.api("PATCH", `/offers/${m.offer}`, { status: "active" });
		await until("the offer is active again", async () => {
			const would = await node.api("POST", `/signals/${v.request_id}/replay`, { dry_run: true });
			return would.verdict.status === "accepted";
		});
		await page.reload();
		await page.getByRole("button", { name: "Judge again" }).click();
		await dialog.getByRole("button", { name: "Judge again" }).click();
		await expect(page.getByText("Judged again: accepted")).toBeVisible();
		await expect(page.getByRole("heading", { name: "Counted" })).toBeVisible();
	});
});

test.describe("owed postbacks", () => {
	test("that were given up are delivered again, and every attempt is shown", async ({
		page,
		node,
		tracker,
	}) => {
		const m = await node.market("Tracked");
		tracker.answer = { status: 404, body: "<b>no such campaign</b>" };
		const subscription = (
			await node.api("POST", "/postbacks", {
				name: "Campaign tracker",
				owner: { affiliate_id: m.affiliate },
				url: `${tracker.url}/pb?payout={payout}&order={order_id}`,
				retry: ["1s"],
			})
		).id;
		await until("the subscription hears of conversions", async () => {
			const [id] = await conversions(node, m, [`T-${Date.now()}`]);
			return (await node.api("GET", `/deliveries?conversion_id=${id}`)).data.length > 0;
		});
		await until(
			"the postback is given up",
			async () =>
				(await node.api("GET", `/deliveries?subscription_id=${subscription}&state=dead`)).data.length > 0,
		);
		await page.goto(`deliveries?subscription_id=${subscription}`);
		const cause = page.getByRole("listitem").filter({ hasText: "Answered with 404" });
		await expect(cause).toContainText("There is nothing at that path");
		await sound(page);

		await cause.getByRole("link", { name: "an example" }).click();
		await expect(page.getByText("Attempt 2")).toBeVisible();
		await expect(page.getByRole("group", { name: "What came back" })).toHaveText("<b>no such campaign</b>");
		await expect(page.getByRole("group", { name: "What was sent" })).toContainText("payout=5.00");
		await sound(page);
		await picture(page, "delivery");

		tracker.answer = { status: 200, body: "OK" };
		await page.goBack();
		await cause.getByRole("button", { name: "Deliver again…" }).click();
		const dialog = page.getByRole("dialog");
		await expect(dialog).toContainText("becomes due now");
		await dialog.getByRole("button", { name: "Deliver 1 again" }).click();
		await expect(page.getByText("1 postback is due again")).toBeVisible();
		await until(
			"it is delivered",
			async () =>
				(await node.api("GET", `/deliveries?subscription_id=${subscription}&state=dead`)).data.length === 0 &&
				tracker.heard.length >= 3,
		);
		await page.goto("deliveries?tab=jobs");
		await expect(page.getByRole("row", { name: /Campaign tracker, dead, HTTP 404.*Done/ })).toBeVisible();
		await sound(page);
		await page.goto(`deliveries?tab=all&subscription_id=${subscription}`);
		await expect(rows(page).getByText("Delivered").first()).toBeVisible();
		await sound(page);
	});

	test("wait while their destination is paused, which is undone at once", async ({ page, node, tracker }) => {
		const m = await node.market("Paused");
		const { id } = await node.api("POST", "/postbacks", {
			name: "Paused tracker",
			owner: { affiliate_id: m.affiliate },
			url: `${tracker.url}/pb`,
		});
		const status = async () => (await node.api("GET", `/postbacks/${id}`)).status;
		await page.goto("destinations");
		await page.getByRole("button", { name: "Pause Paused tracker" }).click();
		await expect(page.getByText("Paused tracker is paused: what it is owed waits")).toBeVisible();
		expect(await status()).toBe("paused");
		await expect(page.getByRole("row", { name: /Paused tracker/ })).toContainText("Paused");
		await sound(page);
		await page.getByRole("status").getByRole("button", { name: "Undo" }).click();
		await expect(page.getByRole("button", { name: "Pause Paused tracker" })).toBeVisible();
		expect(await status()).toBe("active");
	});
});

test("lists fit into a window of 1,280 pixels", async ({ page, node, tracker }) => {
	const m = await node.market("Broad lists with names as long as names of shops are");
	await conversions(node, m, ["2026-11-23-order-000004711"]);
	await node.click(m.offer, m.affiliate, {
		sub1: "spring",
		sub2: "a-rather-long-sub-id",
		source: "newsletter",
	});
	await node.api("POST", `/postbacks`, { owner: { affiliate_id: m.affiliate }, url: `${tracker.url}/pb` });
	await page.setViewportSize({ width: 1280, height: 900 });
	for (const path of [
		"offers",
		`offers/${m.offer}/goals`,
		"clicks",
		"conversions",
		"postbacks",
		"advertisers",
	]) {
		await page.goto(path);
		await expect(rows(page).first()).toBeVisible();
		await expect(page.locator('[aria-busy="true"], .skeleton')).toHaveCount(0);
		const over = await page.locator(".table-box").evaluate((b) => b.scrollWidth - b.clientWidth);
		expect(over, `the list of ${path} is wider than its card`).toBeLessThanOrEqual(0);
	}
});

test("clicks are listed as reports count them, and lead to their trace", async ({ page, node }) => {
	const m = await node.market("Clicked");
	const id = await node.click(m.offer, m.affiliate, { sub1: "spring,sale", source: "news" });
	await node.click(m.offer, m.affiliate, { sub1: "autumn" });
	await until("both clicks are in", async () => {
		const got = await node.api("GET", `/clicks?filter=offer=${m.offer}`);
		return got.data.length === 2;
	});
	await page.goto(`clicks?filter=offer%3D${m.offer}`);
	await expect(rows(page)).toHaveCount(2);
	await page.getByRole("button", { name: "More filters" }).click();
	await page.getByRole("searchbox", { name: "Sub 1" }).fill("spring,sale");
	await expect(rows(page)).toHaveCount(1);
	expect(new URL(page.url()).searchParams.getAll("filter")).toEqual([
		`offer=${m.offer}`,
		"sub1=spring\\,sale",
	]);
	await sound(page);
	await rows(page).getByRole("link").first().click();
	await expect(page).toHaveURL(new RegExp(`/trace/${id}$`));
});
