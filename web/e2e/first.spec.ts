// From an empty folder to the first conversion, by nothing but the browser: what a
// newcomer does, and how often the mouse is clicked for it.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Locator } from "@playwright/test";
import { as, expect, Node, password, picture, sound, test, until } from "./world.ts";

test("a newcomer comes from nothing to the first conversion in fewer than twenty clicks", async ({
	browser,
}) => {
	const node = new Node();
	await node.start();
	// The shop keeps what the visitor came with, and tells of the order later.
	const visits: URL[] = [];
	const shop = createServer((q, r) => {
		if (q.url?.startsWith("/spring")) visits.push(new URL(q.url, "http://shop"));
		r.writeHead(200, { "Content-Type": "text/html" });
		r.end("<!doctype html><title>Shop</title><h1>Spring sale</h1>");
	});
	await new Promise<void>((done) => shop.listen(0, "127.0.0.1", done));
	const shopUrl = `http://127.0.0.1:${(shop.address() as AddressInfo).port}/spring`;
	let clicks = 0;
	const click = async (what: Locator) => {
		clicks++;
		await what.click();
	};
	try {
		const page = await as(browser, node, null);
		await page.goto(node.ownerLink);
		await page.getByLabel("E-mail").fill("nora@example.com");
		await page.getByLabel("Your name").fill("Nora");
		await page.getByLabel("Choose a password").fill(password);
		await click(page.getByRole("button", { name: "Continue" }));
		const main = page.getByRole("main");
		const menu = page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Overview" });
		await expect(main.getByRole("heading", { name: "Overview" })).toBeVisible();
		await sound(page);
		await picture(page, "first-1-overview");

		// An offer, with its advertiser.
		await click(main.getByRole("link", { name: "Create an offer" }));
		const dialog = page.getByRole("dialog");
		if ((await dialog.getByLabel("Name of the new advertiser").count()) === 0) {
			await click(dialog.getByRole("button", { name: "New advertiser…" }));
		}
		await dialog.getByLabel("Name of the new advertiser").fill("Spring Shop");
		await dialog.getByLabel("Name", { exact: true }).fill("Spring sale");
		await dialog.getByLabel("Destination URL").fill(shopUrl);
		await click(dialog.getByRole("button", { name: "Add tid={transaction_id}" }));
		await dialog.getByLabel("Amount").first().fill("5");
		await dialog.getByLabel("Amount").last().fill("8");
		await sound(page);
		await picture(page, "first-2-offer");
		await click(dialog.getByRole("button", { name: "Create offer" }));
		await expect(page.getByRole("heading", { name: "Spring sale" })).toBeVisible();
		await sound(page);
		await picture(page, "first-3-offer-made");

		// An affiliate.
		await click(menu);
		await click(main.getByRole("link", { name: "Add an affiliate" }));
		await dialog.getByLabel("Affiliate", { exact: true }).fill("Nora's Blog");
		await sound(page);
		await click(dialog.getByRole("button", { name: "Create affiliate" }));
		await expect(page.getByRole("heading", { name: "Nora's Blog" })).toBeVisible();

		// Its link, which somebody follows.
		await click(menu);
		await click(main.getByRole("link", { name: "Build a link" }));
		const code = page.getByRole("group", { name: "Tracking link" });
		await expect(code).toBeVisible();
		const link = ((await code.textContent()) ?? "").trim();
		await sound(page);
		await picture(page, "first-4-link");
		// A browser that says it has no screen would be counted as a robot.
		const userAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36";
		const visitor = await browser.newContext({ userAgent });
		const visit = await visitor.newPage();
		await visit.goto(link);
		await expect(visit.getByRole("heading", { name: "Spring sale" })).toBeVisible();
		await visitor.close();
		const tid = visits[0]?.searchParams.get("tid") ?? "";
		expect(tid).not.toBe("");

		// How the shop tells of an order.
		await click(menu);
		await expect(main.getByRole("link", { name: /Clicks/ })).toContainText("1");
		await click(main.getByRole("link", { name: "Send the first conversion" }));
		const postback = page.getByRole("tabpanel").first();
		await expect(postback).toBeVisible();
		await sound(page);
		await picture(page, "first-5-guide");
		const shown = (await postback.locator("pre").first().textContent()) ?? "";
		expect(shown).toContain("/postback");
		const verdict = await node.postback({ transaction_id: tid, order_id: "S-1001", amount: "49.90" });
		expect(verdict.status).toBe("accepted");

		// It is seen.
		await click(menu);
		await expect(main.getByRole("link", { name: /^Conversions/ }).first()).toContainText("1");
		await sound(page);
		await picture(page, "first-6-converted");
		await page.keyboard.press("/");
		await page.keyboard.type("S-1001");
		await expect(page.getByRole("option").first()).toContainText("S-1001");
		await page.keyboard.press("Enter");
		await until("the trace is told", async () => page.url().includes(tid));
		await expect(page.getByText("A conversion of goal default was made; it is approved now.")).toBeVisible();
		await sound(page);
		await picture(page, "first-7-trace");
		expect(clicks).toBeLessThan(20);
		await page.context().close();
	} finally {
		shop.close();
		await node.stop();
	}
});
