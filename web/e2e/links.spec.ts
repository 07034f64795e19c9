// Links: built while one types, tried, made short, and taken along as a code.
import { expect } from "@playwright/test";
import { as, picture, sound, test, until } from "./world.ts";

test.describe("the link builder", () => {
	test("puts the link together while one types, and keeps it in the page's address", async ({
		page,
		node,
	}) => {
		const m = await node.market("Builder");
		await page.goto(`links?offer=${m.offer}&affiliate=${m.affiliate}`);
		const link = page.getByRole("group", { name: "Tracking link" });
		const base = `${node.url}/click?offer_id=${m.offer}&affiliate_id=${m.affiliate}`;
		await expect(link).toHaveText(base);

		await page.getByLabel("Traffic comes from").selectOption("Keitaro");
		await page.getByLabel("sub1").fill("spring & summer");
		await expect(link).toHaveText(`${base}&aff_click_id={subid}&sub1=spring%20%26%20summer`);
		await expect(page.getByRole("group", { name: "Impression tag" })).toContainText(
			"&amp;aff_click_id={subid}&amp;sub1=spring%20%26%20summer",
		);
		await expect(page).toHaveURL(/sub1=spring/);
		await page.reload();
		await expect(link).toHaveText(`${base}&aff_click_id={subid}&sub1=spring%20%26%20summer`);
		await sound(page);
		await picture(page, "links");
	});

	test("warns of what a node would cut, drop or ignore", async ({ page, node }) => {
		const m = await node.market("Limits");
		await node.api("PATCH", `/offers/${m.offer}`, {
			deep_link_hosts: ["shop.example.com", "*.shop.example.com"],
		});
		await page.goto(`links?offer=${m.offer}&affiliate=${m.affiliate}`);
		await page.getByLabel("sub2").fill("x".repeat(1025));
		await expect(page.getByText("the rest is cut off")).toBeVisible();
		await page.getByLabel(/aff_click_id/).fill("x".repeat(1025));
		await expect(page.getByText("postbacks have no click ID")).toBeVisible();
		const deep = page.getByLabel("Deep link (url)");
		await deep.fill("https://elsewhere.example.com/");
		await expect(page.getByText("The offer allows shop.example.com, *.shop.example.com alone")).toBeVisible();
		await deep.fill("https://de.shop.example.com/shoes?size=42");
		await expect(page.getByText("The offer allows shop.example.com")).toHaveCount(0);
		await expect(page.getByRole("group", { name: "Tracking link" })).toContainText(
			"url=https%3A%2F%2Fde.shop.example.com%2Fshoes%3Fsize%3D42",
		);
	});

	test("tries the link as test traffic, and leads to the trace", async ({ page, node }) => {
		const m = await node.market("Tried");
		await page.goto(`links?offer=${m.offer}&affiliate=${m.affiliate}&sub1=may`);
		await page.getByRole("button", { name: "Try it" }).click();
		await expect(page.getByText("The visitor would arrive here:")).toBeVisible();
		await expect(page.getByText(/https:\/\/shop\.example\.com\/\?tid=4/)).toBeVisible();
		await page.getByRole("link", { name: "See the trace" }).click();
		await expect(page).toHaveURL(/\/trace\/4/);
		const id = page.url().split("/trace/")[1] ?? "";
		const trace = await node.api("GET", `/trace/${id}`);
		expect(JSON.stringify(trace)).toContain('"test":true');
		expect(JSON.stringify(trace)).toContain("may");
	});

	test("says where a visitor of a paused offer goes", async ({ page, node }) => {
		const m = await node.market("Paused");
		await node.api("PATCH", `/offers/${m.offer}`, { status: "paused" });
		await page.goto(`links?offer=${m.offer}&affiliate=${m.affiliate}`);
		await expect(page.getByText("The offer is not active")).toBeVisible();
		await page.getByRole("button", { name: "Try it" }).click();
		await expect(page.getByText("The visitor would be turned away.")).toBeVisible();
	});

	test("makes short links, counts their clicks, changes and retires them", async ({ page, node }) => {
		const m = await node.market("Short");
		await page.goto(`links?offer=${m.offer}&affiliate=${m.affiliate}&sub1=may`);
		await page.getByRole("button", { name: "Make a short link" }).click();
		const dialog = page.getByRole("dialog");
		await expect(dialog).toContainText("sub1=may");
		await dialog.getByLabel("Code").fill("x");
		await dialog.getByRole("button", { name: "Create short link" }).click();
		await expect(dialog.getByText(/is not a code/)).toBeVisible();
		await dialog.getByLabel("Code").fill("spring-sale");
		await sound(page);
		await dialog.getByRole("button", { name: "Create short link" }).click();
		await expect(dialog.getByRole("group", { name: "Short link" })).toHaveText(`${node.url}/c/spring-sale`);
		await dialog.getByRole("button", { name: "Close" }).last().click();

		const row = page.getByRole("row", { name: /spring-sale/ });
		await expect(row).toContainText("sub1=may");
		const click = await until("the short link leads to the offer", async () => {
			const r = await fetch(`${node.url}/c/spring-sale?format=json`, {
				headers: { "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0" },
			});
			return r.ok && ((await r.json()) as { url: string }).url;
		});
		expect(click).toContain("https://shop.example.com/?tid=");
		await until("the click is counted", async () => {
			await page.reload();
			await expect(row).toBeVisible();
			return (await row.getByRole("cell").nth(2).textContent()) === "1";
		});
		await sound(page);

		await page.getByRole("button", { name: "Actions for /c/spring-sale" }).click();
		await page.getByRole("menuitem", { name: "Change values" }).click();
		await dialog.getByLabel("Values").fill("nonsense=1");
		await dialog.getByRole("button", { name: "Save" }).click();
		await expect(dialog.getByText(/is not a parameter of clicks/)).toBeVisible();
		await dialog.getByLabel("Values").fill("sub1=june");
		await dialog.getByRole("button", { name: "Save" }).click();
		await expect(row).toContainText("sub1=june");

		await page.getByRole("button", { name: "Actions for /c/spring-sale" }).click();
		await page.getByRole("menuitem", { name: "Retire" }).click();
		await expect(row).toContainText("Retired");
		await page.getByRole("button", { name: "Undo" }).click();
		await expect(row).toContainText("Active");
		expect((await node.api("GET", "/links/spring-sale")).status).toBe("active");
	});

	test("gives the link as a code, to take along", async ({ page, node }) => {
		const m = await node.market("Code");
		await page.goto(`links?offer=${m.offer}&affiliate=${m.affiliate}`);
		await expect(page.getByRole("img", { name: "QR code of the tracking link" })).toBeVisible();
		const svg = page.waitForEvent("download");
		await page.getByRole("button", { name: "SVG" }).click();
		expect((await svg).suggestedFilename()).toBe("link.svg");
		const png = page.waitForEvent("download");
		await page.getByRole("button", { name: "PNG" }).click();
		expect((await png).suggestedFilename()).toBe("link.png");
	});

	test("is an affiliate's own, with its own short links and nobody else's", async ({ browser, node }) => {
		const m = await node.market("Own");
		const who = await node.person("affiliate", { affiliate_id: m.affiliate }, "links@example.com");
		const page = await as(browser, node, who);
		await page.goto(`links?offer=${m.offer}`);
		await expect(page.getByRole("group", { name: "Tracking link" })).toHaveText(
			`${node.url}/click?offer_id=${m.offer}&affiliate_id=${m.affiliate}`,
		);
		const other = await node.market("Neighbour");
		await node.api("POST", "/links", { code: "foreign", offer_id: m.offer, affiliate_id: other.affiliate });
		await expect(page.getByText("No short links yet")).toBeVisible();
		await page.getByLabel("sub1").fill("may");
		await page.getByRole("button", { name: "Make a short link" }).click();
		const dialog = page.getByRole("dialog");
		await dialog.getByLabel("Code").fill("foreign");
		await dialog.getByRole("button", { name: "Create short link" }).click();
		await expect(dialog.getByText(/is there already/)).toBeVisible();
		await dialog.getByLabel("Code").fill("mine-may");
		await dialog.getByRole("button", { name: "Create short link" }).click();
		await expect(dialog.getByRole("group", { name: "Short link" })).toHaveText(`${node.url}/c/mine-may`);
		await dialog.getByRole("button", { name: "Close" }).last().click();
		const row = page.getByRole("row", { name: /mine-may/ });
		await expect(row).toContainText("sub1=may");
		await expect(page.getByText("foreign")).toHaveCount(0);

		const act = async (what: string) => {
			await page.getByRole("button", { name: "Actions for /c/mine-may" }).click();
			await page.getByRole("menuitem", { name: what }).click();
		};
		await act("QR code");
		await expect(dialog.getByRole("img", { name: "QR code of the tracking link" })).toBeVisible();
		await sound(page);
		await dialog.getByRole("button", { name: "Close" }).last().click();
		await act("Delete link");
		await expect(dialog).toContainText("its code cannot be used again");
		await dialog.getByRole("button", { name: "Cancel" }).click();
		await expect(row).toBeVisible();
		await act("Delete link");
		await dialog.getByRole("button", { name: "Delete link" }).click();
		await expect(row).toHaveCount(0);
		await expect(page.getByText("/c/mine-may is deleted.")).toBeVisible();
		await until("the deleted link leads nowhere", async () => {
			const r = await fetch(`${node.url}/c/mine-may?format=json`);
			return !r.ok;
		});
		await page.getByRole("button", { name: "Try it" }).click();
		await expect(page.getByText("The visitor would arrive here:")).toBeVisible();
		await sound(page);
		await page.context().close();
	});

	test("fits a phone", async ({ browser, node, owner }) => {
		const m = await node.market("Phone");
		const page = await as(browser, node, owner, { viewport: { width: 360, height: 740 }, isMobile: true });
		await page.goto(`links?offer=${m.offer}&affiliate=${m.affiliate}`);
		await expect(page.getByRole("group", { name: "Tracking link" })).toBeVisible();
		await sound(page);
		await page.context().close();
	});
});

test.describe("the integration guide", () => {
	test("gives the code with everything filled in, and hides the token when asked", async ({ page, node }) => {
		const m = await node.market("Guide");
		await node.api("PATCH", `/advertisers/${m.advertiser}`, { postback_auth: "token" });
		const { token } = await node.api("GET", `/advertisers/${m.advertiser}`);
		await page.goto(`offers/${m.offer}/integration`);
		await expect(page.getByText("The landing page gets it in the parameter tid.")).toBeVisible();
		await expect(page.getByRole("group", { name: "PHP" })).toContainText(token);
		await page.getByRole("tab", { name: "Python" }).click();
		await expect(page.getByRole("group", { name: "Python" })).toContainText(`${node.url}/postback`);
		await page.keyboard.press("ArrowRight");
		await expect(page.getByRole("tab", { name: "Go" })).toHaveAttribute("aria-selected", "true");
		await page.getByRole("tab", { name: "URL", exact: true }).click();
		await expect(page.getByRole("group", { name: "URL", exact: true })).toContainText(`token=${token}`);
		await page.getByLabel(/Hide the token/).check();
		await expect(page.getByRole("group", { name: "URL", exact: true })).not.toContainText(token);
		await page.getByRole("radio", { name: /Server and browser/ }).check({ force: true });
		await expect(page.getByRole("region", { name: "On the page" })).toContainText("/pixel.gif");
		await sound(page);
		await picture(page, "integration");
	});

	test("watches for the postback of a test click, and says what is wrong with it", async ({ page, node }) => {
		const m = await node.market("Check");
		await node.api("PATCH", `/advertisers/${m.advertiser}`, { postback_auth: "token" });
		const { token } = await node.api("GET", `/advertisers/${m.advertiser}`);
		await page.goto(`offers/${m.offer}/integration`);
		await page.getByRole("button", { name: "Start the check" }).click();
		await expect(page.getByText("Waiting for your postback…")).toBeVisible();
		const id = new URL(page.url()).searchParams.get("check") ?? "";
		await expect(page.getByRole("link", { name: "Open the landing page" })).toHaveAttribute(
			"href",
			new RegExp(id),
		);
		await sound(page);

		await node.postback({ transaction_id: id, order_id: "C-1", amount: "9.90", token: "wrong" });
		await expect(page.getByText("Received, but something is wrong.")).toBeVisible();
		await expect(page.getByText(/rejected \(token_invalid\)/)).toBeVisible();
		await expect(page.getByText("Waiting for the next one…")).toBeVisible();

		await node.postback({ transaction_id: id, order_id: "C-1", amount: "9.90", token });
		await expect(page.getByText("The latest one was taken.")).toBeVisible();
		await sound(page);
		await page.reload();
		await expect(page.getByText("The latest one was taken.")).toBeVisible();
	});

	test("is for the advertiser, too, who sees nothing of payouts", async ({ browser, node }) => {
		const m = await node.market("Shop");
		const who = await node.person("advertiser", { advertiser_id: m.advertiser }, "shop@example.com");
		const page = await as(browser, node, who);
		await page.goto(`offers/${m.offer}/integration`);
		await page.getByRole("button", { name: "Start the check" }).click();
		await expect(page.getByText("Waiting for your postback…")).toBeVisible();
		const id = new URL(page.url()).searchParams.get("check") ?? "";
		await node.postback({ transaction_id: id, order_id: "S-1", amount: "9.90" });
		await expect(page.getByText("Received, and taken. The integration works.")).toBeVisible();
		await page.getByText("Apps: measurement partners").click();
		await page.getByLabel("Partner").selectOption({ label: "AppsFlyer" });
		await expect(page.getByRole("group", { name: "Postback for the install" })).toContainText("(clickid)");
		await sound(page);
		await page.context().close();
	});
});
