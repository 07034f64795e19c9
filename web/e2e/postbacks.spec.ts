// Postbacks: made of a template or from scratch, checked while one types, tried on
// a real receiver, changed, paused and renewed.
import { expect, type Page } from "@playwright/test";
import { as, type Node, picture, sound, test, until } from "./world.ts";

const preview = (page: Page) =>
	page.locator("section.card", { has: page.getByRole("heading", { name: "Preview" }) });
const urlField = (page: Page) => page.getByLabel("URL", { exact: true });

/** A market with one conversion of an affiliate's click. */
async function converted(node: Node, name: string) {
	const m = await node.market(name);
	const transaction_id = await until("the offer takes clicks", async () => {
		const id = await node.click(m.offer, m.affiliate, { aff_click_id: `trk-${name}`, sub1: "may" });
		return (
			(await node.postback({ transaction_id: id, order_id: `${name}-1`, amount: "20" })).status ===
				"accepted" && id
		);
	});
	return { ...m, transaction_id };
}

test.describe("a new postback", () => {
	test("is made of a ready template, found by name", async ({ page, node, tracker }) => {
		const m = await converted(node, "Template");
		await page.goto("postbacks");
		await page.getByRole("link", { name: "New postback" }).click();
		await expect(page.locator(".templates").getByRole("listitem")).toHaveCount(await templates(node));
		await page.getByRole("searchbox", { name: "Find a receiver" }).fill("any system");
		await page.getByRole("link", { name: /Any system, by a URL/ }).click();
		await sound(page);
		await page.getByLabel("URL", { exact: true }).fill(`${tracker.url}/pb`);
		await page.getByRole("combobox", { name: "Affiliate" }).fill("Template");
		await page.getByRole("option", { name: /Template Blog/ }).click();
		await expect(preview(page)).toContainText("click_id=sample-aff_click_id");
		await preview(page).getByLabel("Filled in from").selectOption("latest");
		await expect(preview(page)).toContainText("click_id=trk-Template");
		await page.getByRole("button", { name: "Create postback" }).click();
		await expect(page).toHaveURL(/\/postbacks\/\d+$/);

		await page.getByRole("button", { name: "Send a test" }).click();
		const dialog = page.getByRole("dialog");
		await expect(dialog.getByText(/Delivered: the receiver answered 200/)).toBeVisible();
		expect(tracker.heard.at(-1)?.url).toContain("/pb?click_id=sample-aff_click_id");
		await sound(page);
		const made = await node.api("GET", `/postbacks/${page.url().split("/").at(-1)}`);
		expect(made.owner).toEqual({ affiliate_id: m.affiliate });
		expect(made.template).toBe("plain");
	});

	test("tells which field of a template is missing, at the field", async ({ page }) => {
		await page.goto("postbacks/new?template=keitaro");
		await page.getByRole("button", { name: "Create postback" }).click();
		await expect(page.getByLabel("Domain")).toHaveAttribute("aria-invalid", "true");
		await expect(page.getByText(/is missing: the receiver's tracking domain/)).toBeVisible();
	});

	test("is checked while one types, and mended by one click", async ({ page, node }) => {
		const m = await node.market("Scratch");
		await page.goto(`postbacks/new?template=scratch&affiliate=${m.affiliate}`);
		const url = urlField(page);
		await url.fill("https://tracker.example.com/pb");
		await url.press("End");
		await url.pressSequentially("?cid={aff");
		const offered = page.getByRole("listbox", { name: "Macros" });
		await expect(offered.getByRole("option").first()).toContainText("{aff_click_id}");
		await expect(offered).not.toContainText("{revenue}");
		await sound(page);
		await url.press("Enter");
		await expect(url).toHaveValue("https://tracker.example.com/pb?cid={aff_click_id}");
		await expect(offered).toHaveCount(0);
		await expect(url).toBeFocused();

		await url.pressSequentially("&p={payot}&s=#s2#&r={revenue}");
		await url.press("Escape");
		await expect(page.getByText("{payot}: did you mean {payout}?")).toBeVisible();
		await expect(preview(page)).toContainText("Mend what is marked");
		await expect(url).toHaveAttribute("aria-invalid", "true");
		await sound(page);
		await picture(page, "postback-slips");
		await page.getByRole("button", { name: "Use {payout}" }).click();
		await page.getByRole("button", { name: "Use {sub2}" }).click();
		await page.getByRole("button", { name: "Take it out" }).click();
		await expect(url).toHaveValue("https://tracker.example.com/pb?cid={aff_click_id}&p={payout}&s={sub2}&r=");
		await expect(preview(page)).toContainText("p=12.50");
		await expect(url).not.toHaveAttribute("aria-invalid", "true");
	});

	test("is chosen from the offered macros by the arrow keys, and has filters", async ({ page, node }) => {
		const m = await node.market("Keys");
		await page.goto(`postbacks/new?template=scratch&affiliate=${m.affiliate}`);
		const url = urlField(page);
		await url.pressSequentially("https://t.example.com/?s={sub");
		await url.press("ArrowDown");
		await url.press("Tab");
		await expect(url).toHaveValue("https://t.example.com/?s={sub2}");
		await url.press("ArrowLeft");
		await url.pressSequentially("|lo");
		await expect(page.getByRole("option", { name: /\|lower/ })).toBeVisible();
		await url.press("Enter");
		await expect(url).toHaveValue("https://t.example.com/?s={sub2|lower}");
	});

	test("of the webhook format shows its secret once", async ({ page, node, tracker }) => {
		await page.goto("postbacks/new?template=scratch");
		await page.getByLabel("Whose it is").selectOption("network");
		await page.getByLabel("Format").selectOption("webhook");
		await urlField(page).fill(`${tracker.url}/hook`);
		await page.getByRole("button", { name: "Create postback" }).click();
		const dialog = page.getByRole("dialog");
		const secret = await dialog.getByRole("group", { name: "The secret" }).textContent();
		expect(secret).toMatch(/^whsec_/);
		await sound(page);
		await dialog.getByRole("button", { name: "I have copied it" }).click();
		await expect(page).toHaveURL(/\/postbacks\/\d+$/);
		await expect(page.getByText(secret ?? "")).toHaveCount(0);

		await page.getByRole("button", { name: "Renew the secret" }).click();
		await dialog.getByRole("button", { name: "Renew the secret" }).click();
		const renewed = await dialog.getByRole("group", { name: "The secret" }).textContent();
		expect(renewed).toMatch(/^whsec_/);
		expect(renewed).not.toBe(secret);
		await dialog.getByRole("button", { name: "I have copied it" }).click();
		await expect(page.getByText(/The secret before this one signs too until/)).toBeVisible();
		const kept = await node.api("GET", `/postbacks/${page.url().split("/").at(-1)}`);
		expect(kept.secret).not.toBe(renewed);
	});

	test("that is not saved is not left by accident", async ({ page, node }) => {
		const m = await node.market("Leave");
		await page.goto("postbacks");
		await page.getByRole("link", { name: "New postback" }).click();
		await page.getByRole("link", { name: "From scratch" }).click();
		await urlField(page).fill("https://t.example.com/");
		await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Offers" }).click();
		const dialog = page.getByRole("dialog");
		await dialog.getByRole("button", { name: "Cancel" }).click();
		await page.evaluate(() => history.back());
		await expect(dialog).toBeVisible();
		await dialog.getByRole("button", { name: "Cancel" }).click();
		await expect(urlField(page)).toHaveValue("https://t.example.com/");
		await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Offers" }).click();
		await dialog.getByRole("button", { name: "Leave without saving" }).click();
		await expect(page).toHaveURL(/\/offers$/);
		expect((await node.api("GET", `/postbacks?affiliate_id=${m.affiliate}`)).data).toEqual([]);
	});
});

const templates = async (node: Node): Promise<number> =>
	(await node.api("GET", "/templates/postbacks")).data.length;

test.describe("a postback", () => {
	test("is changed, tested, paused and taken up again", async ({ page, node, tracker }) => {
		const m = await converted(node, "Life");
		const { id } = await node.api("POST", "/postbacks", {
			owner: { affiliate_id: m.affiliate },
			name: "Life's tracker",
			url: `${tracker.url}/old?cid={aff_click_id}`,
			headers: { Authorization: "Bearer sesame-open-1234", "X-Plain": "yes" },
		});
		await page.goto(`postbacks/${id}`);
		await expect(page.getByRole("heading", { name: "Life's tracker" })).toBeVisible();
		await expect(page.getByText("sesame-open")).toHaveCount(0);
		await urlField(page).fill(`${tracker.url}/new?cid={aff_click_id}&sum={payout}`);
		await page.getByRole("button", { name: "Remove X-Plain" }).click();
		await expect(preview(page)).toContainText("/new?cid=sample-aff_click_id");
		tracker.answer = { status: 404, body: "<b>no such click</b>" };
		await page.getByRole("button", { name: "Save and send a test" }).click();
		const dialog = page.getByRole("dialog");
		await expect(dialog.getByText("There is nothing at that path", { exact: false })).toBeVisible();
		await expect(dialog.getByText("<b>no such click</b>")).toBeVisible();
		await sound(page);
		const kept = await node.api("GET", `/postbacks/${id}`);
		expect(kept.url).toContain("/new?cid=");
		expect(Object.keys(kept.headers)).toEqual(["Authorization"]);
		tracker.answer = { status: 200, body: "OK" };
		await dialog.getByLabel("Filled in from").selectOption("latest");
		await dialog.getByRole("button", { name: "Send again" }).click();
		await expect(dialog.getByText(/Delivered: the receiver answered 200/)).toBeVisible();
		expect(tracker.heard.at(-1)?.url).toBe("/new?cid=trk-Life&sum=5.00");
		await page.keyboard.press("Escape");

		await page.getByRole("button", { name: "Pause" }).click();
		await expect(page.getByRole("button", { name: "Resume" })).toBeVisible();
		expect((await node.api("GET", `/postbacks/${id}`)).status).toBe("paused");
		await page.getByRole("button", { name: "Undo" }).click();
		await expect(page.getByRole("button", { name: "Pause" })).toBeVisible();
		expect((await node.api("GET", `/postbacks/${id}`)).status).toBe("active");
	});

	test("tells of what it delivered, and leads to the trace", async ({ page, node, tracker }) => {
		const m = await node.market("Told");
		const { id } = await node.api("POST", "/postbacks", {
			owner: { affiliate_id: m.affiliate },
			url: `${tracker.url}/pb?cid={aff_click_id}`,
		});
		await until("a conversion is told", async () => {
			const transaction_id = await node.click(m.offer, m.affiliate, { aff_click_id: "trk-Told" });
			await node.postback({ transaction_id, order_id: `T-${Date.now()}`, amount: "20" });
			await new Promise((r) => setTimeout(r, 300));
			return tracker.heard.some((h) => h.url === "/pb?cid=trk-Told");
		});
		await page.goto(`postbacks/${id}`);
		const row = page
			.getByRole("table", { name: "Recent deliveries" })
			.getByRole("row", { name: /Delivered/ })
			.first();
		await expect(row).toContainText("200");
		await row.getByRole("link").last().click();
		await expect(page).toHaveURL(/\/trace\/4/);
		await page.goto("postbacks");
		await expect(page.getByRole("row", { name: /Told Blog/ })).toContainText("Delivered");
		await sound(page);
		await picture(page, "postbacks");
	});

	test("that somebody else has changed meanwhile is not overwritten unseen", async ({ page, node }) => {
		const m = await node.market("Clash");
		const { id } = await node.api("POST", "/postbacks", {
			owner: { affiliate_id: m.affiliate },
			name: "Clash",
			url: "https://tracker.example.com/a?c={aff_click_id}",
		});
		await page.goto(`postbacks/${id}`);
		await urlField(page).fill("https://tracker.example.com/mine?c={aff_click_id}");
		await node.api("PATCH", `/postbacks/${id}`, {
			url: "https://tracker.example.com/theirs?c={aff_click_id}",
		});
		await page.getByRole("button", { name: "Save changes" }).click();
		await expect(page.getByRole("alert")).toContainText("https://tracker.example.com/theirs");
		expect((await node.api("GET", `/postbacks/${id}`)).url).toContain("/theirs");
	});

	test("of an affiliate is its own to make, and is offered no macro it may not know", async ({
		browser,
		node,
		tracker,
	}) => {
		const m = await node.market("Affiliate");
		const other = await node.market("Other");
		const foreign = await node.api("POST", "/postbacks", {
			owner: { affiliate_id: other.affiliate },
			url: "https://tracker.example.com/?c={aff_click_id}",
		});
		const who = await node.person("affiliate", { affiliate_id: m.affiliate }, "postbacks@example.com");
		const page = await as(browser, node, who);
		await page.goto("postbacks/new?template=scratch");
		await expect(page.getByLabel("Whose it is")).toHaveCount(0);
		const url = urlField(page);
		await url.fill(`${tracker.url}/?x=`);
		await url.press("End");
		await url.pressSequentially("{rev");
		await expect(page.getByRole("listbox", { name: "Macros" })).toHaveCount(0);
		await url.fill(`${tracker.url}/?c={aff_click_id}`);
		await page.getByRole("button", { name: "Create postback" }).click();
		await expect(page).toHaveURL(/\/postbacks\/\d+$/);
		const made = await node.api("GET", `/postbacks/${page.url().split("/").at(-1)}`);
		expect(made.owner).toEqual({ affiliate_id: m.affiliate });
		await sound(page);
		await page.goto(`postbacks/${foreign.id}`);
		await expect(page.getByText("There is no such thing here")).toBeVisible();
		await page.context().close();
	});

	test("can be looked at by an analyst, but not changed", async ({ browser, node }) => {
		const m = await node.market("Analyst");
		const { id } = await node.api("POST", "/postbacks", {
			owner: { affiliate_id: m.affiliate },
			url: "https://tracker.example.com/?c={aff_click_id}",
		});
		const page = await as(browser, node, await node.person("analyst", {}, "postback-analyst@example.com"));
		await page.goto(`postbacks/${id}`);
		await expect(urlField(page)).toBeDisabled();
		await expect(preview(page)).toContainText("c=sample-aff_click_id");
		await expect(page.getByRole("button", { name: "Send a test" })).toHaveCount(0);
		await sound(page);
		await page.context().close();
	});

	test("fits a phone", async ({ browser, node, owner }) => {
		const m = await node.market("Small");
		const { id } = await node.api("POST", "/postbacks", {
			owner: { affiliate_id: m.affiliate },
			url: "https://tracker.example.com/?c={aff_click_id}",
		});
		const page = await as(browser, node, owner, { viewport: { width: 360, height: 740 }, isMobile: true });
		for (const path of ["postbacks", `postbacks/${id}`, "postbacks/new", "postbacks/new?template=tune"]) {
			await page.goto(path);
			await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
			await sound(page);
		}
		await page.context().close();
	});
});
