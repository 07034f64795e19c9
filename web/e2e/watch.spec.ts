// The overview, live, and the way from any ID to the whole story.
import type { Locator } from "@playwright/test";
import { as, expect, Node, oneHour, picture, sound, test, until } from "./world.ts";

// A node of its own, whose figures nobody else moves.
const quiet = new Node();
test.afterAll(() => quiet.stop());

test("the overview moves with the traffic", async ({ browser }) => {
	const node = quiet;
	await node.start();
	await oneHour();
	const page = await as(browser, node, await node.owner());
	const { offer, affiliate } = await node.market("Live");
	await page.goto("");
	const clicks = page.getByRole("main").getByRole("link", { name: /^Clicks/ });
	await expect(clicks).toBeVisible();
	await expect(page.getByText("Live.")).toBeVisible();
	const figure = (tile: Locator) => tile.locator(".value");
	const converted = page.getByRole("link", { name: /^Conversions/ }).last();
	await expect(figure(clicks)).toHaveText("0");
	const ids: string[] = [];
	for (let i = 0; i < 5; i++) ids.push(await node.click(offer, affiliate, { sub1: `s${i}` }));
	await expect(figure(clicks)).toHaveText("5");
	await node.postback({ transaction_id: ids[0] as string, order_id: "A-1" });
	await node.postback({ transaction_id: `${(ids[1] as string).slice(0, 20)}zzzzzzzzzzzz` });
	await expect(figure(converted)).toHaveText("1");
	await expect(page.getByText(/rejected in 24 hours/)).toBeVisible();
	await expect(page.getByRole("link", { name: "Live", exact: true })).toBeVisible();
	await sound(page);
	await picture(page, "overview");
	await page.getByRole("button", { name: "Show table" }).click();
	await sound(page);
	await page
		.getByRole("listitem")
		.filter({ hasText: "rejected in 24 hours" })
		.getByRole("link", { name: "Look" })
		.click();
	await expect(page).toHaveURL(/console\/signals/);
	await page.context().close();
});

test("any ID leads to its trace, and a link shows it to the partner", async ({
	page,
	browser,
	node,
	tracker,
}) => {
	const { offer, affiliate, advertiser } = await node.market("Traced");
	await tracker.start();
	await node.api("POST", "/postbacks", {
		owner: { affiliate_id: affiliate },
		url: `${tracker.url}/pb?cid={aff_click_id}&payout={payout}&secret=s3cr3t`,
	});
	const id = await node.click(offer, affiliate, { aff_click_id: "their-click-77", sub1: "camp" });
	await node.postback({ transaction_id: id, order_id: "ORDER-4711", amount: "49.90" });
	await until("the tracker hears of it", async () => tracker.heard.length > 0);

	// By the order, from the field at the top.
	await page.goto("");
	await expect(page.getByRole("combobox", { name: /^Find any ID/ })).toBeVisible();
	await page.keyboard.press("/");
	await page.keyboard.type("ORDER-4711");
	await expect(page.getByRole("option").first()).toContainText("ORDER-4711");
	await page.keyboard.press("Enter");
	await expect(page).toHaveURL(new RegExp(`trace/${id}`));
	await expect(page.getByText("A conversion of goal default was made; it is approved now.")).toBeVisible();
	await expect(page.getByText("Attempt 1 delivered it (HTTP 200).")).toBeVisible();
	await sound(page);
	await picture(page, "trace");

	// By a part of the transaction ID, and by the affiliate's click ID.
	await page.goto("trace");
	for (const part of [id.slice(0, 14), "their-click-77"]) {
		await page.getByLabel("ID, order or click ID").fill(part);
		await expect(
			page
				.locator("main")
				.getByRole("link", { name: new RegExp(id.slice(0, 12)) })
				.first(),
		).toBeVisible();
	}
	// Shortened, too, as lists have it and people copy it.
	await page.getByLabel("ID, order or click ID").fill(`${id.slice(0, 10)}…${id.slice(-4)}`);
	await expect(page.locator("main").getByRole("link", { name: new RegExp(id) })).toHaveCount(1);
	await page.getByLabel("ID, order or click ID").fill("nothing-like-it");
	await expect(page.getByText("Nothing is known of “nothing-like-it”")).toBeVisible();
	await sound(page);

	// Shared, it shows the affiliate what is the affiliate's, and no more.
	await page.goto(`trace/${id}`);
	await page.getByRole("button", { name: "Share" }).click();
	await page.getByRole("button", { name: "Make the link" }).click();
	const link = (await page.getByRole("group", { name: "Share this trace" }).textContent()) ?? "";
	await sound(page);
	await picture(page, "trace-share");
	const guest = await as(browser, node, null);
	await guest.goto(link);
	await expect(guest.getByText("Attempt 1 delivered it (HTTP 200).")).toBeVisible();
	await sound(guest);
	await picture(guest, "trace-shared");
	for (const summary of await guest.locator("summary").all()) await summary.click();
	const seen = (await guest.locator("main").textContent()) ?? "";
	expect(seen).toContain("their-click-77");
	for (const hidden of ["Revenue", "127.0.0.1 ", "s3cr3t", `advertiser ${advertiser}`])
		expect(seen).not.toContain(hidden);

	await page.getByRole("button", { name: "Revoke" }).click();
	await expect(page.getByText("The link does not work any more")).toBeVisible();
	await guest.reload();
	await expect(guest.getByText("There is no such thing here")).toBeVisible();
	await sound(guest);
	await guest.context().close();
});

test("a rejected signal is judged again from its trace", async ({ page, node }) => {
	const { offer, affiliate } = await node.market("Again");
	const id = await node.click(offer, affiliate);
	const verdict = await node.postback({ transaction_id: id, goal: "lead" });
	expect(verdict.code).toBe("goal_unknown");
	await node.api("POST", `/offers/${offer}/goals`, {
		code: "lead",
		name: "Lead",
		payout: { type: "cpa", amount: "1" },
	});
	await page.goto(`trace/${id}`);
	await page.getByRole("button", { name: "Judge again" }).click();
	await expect(page.getByText(/it would be accepted/)).toBeVisible();
	await sound(page);
	await page.getByRole("dialog").getByRole("button", { name: "Judge again" }).click();
	await expect(page.getByText(/A conversion of goal lead was made/)).toBeVisible();
});
