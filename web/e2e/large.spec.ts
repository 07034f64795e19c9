// A network of which not everything is read at once.
import { as, type Cookie, expect, Node, sound, test } from "./world.ts";

let node: Node;
let owner: Cookie;
let market: { advertiser: number; offer: number; affiliate: number };

/** Makes n of something, some at the same time. */
async function many(n: number, make: (i: number) => Promise<unknown>): Promise<void> {
	for (let i = 0; i < n; i += 16)
		await Promise.all(Array.from({ length: Math.min(16, n - i) }, (_, j) => make(i + j)));
}

test.describe.configure({ mode: "serial" });

test.beforeAll(async () => {
	node = new Node();
	await node.start();
	owner = await node.owner();
	market = await node.market("Large");
});

test.afterAll(() => node.stop());

test("a large list and its picker ask the node for what is typed", async ({ browser }) => {
	test.slow();
	await node.api("POST", "/affiliates", { name: "Äpfel und Birnen" });
	await many(320, (i) => node.api("POST", "/affiliates", { name: `Partner ${i + 1}` }));
	const newest = (await node.api("GET", "/affiliates?order=desc&limit=1")).data[0].name;
	const page = await as(browser, node, owner);
	const asked: string[] = [];
	page.on("request", (r) => {
		if (r.url().includes("/api/v1/affiliates?")) asked.push(new URL(r.url()).search);
	});

	await page.goto("affiliates");
	await expect(page.locator("tbody tr").first()).toContainText(newest);
	await expect(page.getByText("Äpfel und Birnen")).toHaveCount(0);
	await page.getByRole("searchbox").fill("äPFEL");
	await expect(page.getByRole("link", { name: "Äpfel und Birnen" })).toBeVisible();
	expect(asked.filter((q) => q.includes("q="))).toHaveLength(1);
	await page.getByRole("searchbox").fill("Partner");
	await page.getByRole("button", { name: "Show more" }).click();
	await expect(page.getByText(/^200/)).toBeVisible();

	await page.goto("reports?tab=caps");
	const field = page.getByRole("combobox", { name: "Affiliate", exact: true });
	await field.click();
	await field.fill("birnen");
	await page.getByRole("option", { name: "Äpfel und Birnen" }).click();
	await expect(field).toHaveValue("Äpfel und Birnen");
	await page.context().close();
});

test("postbacks come in pages, the newest first, and are found by name or host", async ({ browser }) => {
	test.slow();
	await many(210, (i) =>
		node.api("POST", "/postbacks", {
			owner: { affiliate_id: market.affiliate },
			name: `Pixel ${i + 1}`,
			url: `https://h${i % 3}.example/?c={aff_click_id}`,
		}),
	);
	const last = (await node.api("GET", "/postbacks?order=desc&limit=1")).data[0];
	const page = await as(browser, node, owner);
	const asked: string[] = [];
	page.on("request", (r) => {
		if (/\/api\/v1\/(postbacks|destinations)\?/.test(r.url())) asked.push(new URL(r.url()).search);
	});
	await page.goto("postbacks");
	await expect(page.locator("tbody tr").first()).toContainText(last.name);
	await expect(page.locator("tbody tr").first()).toContainText("Large Blog");
	await expect(page.getByText("100 shown, there are more")).toBeVisible();
	expect(asked.every((q) => !q.includes("limit=1000"))).toBe(true);
	await sound(page);
	await page.screenshot({ path: "test-results/pages/large-postbacks.png" });

	// More rows than are in the page at once: one's place stays.
	await page.getByRole("button", { name: "Show more" }).click();
	await expect(page.getByText("200 shown, there are more")).toBeVisible();
	const table = page.getByRole("region", { name: "Postbacks" });
	await expect.poll(() => table.evaluate((el) => el.scrollTop)).toBeGreaterThan(2000);
	const middle = await table.evaluate((el) => el.scrollTop);
	await table.locator("tbody tr:not(.pad) a.strong").nth(14).click();
	await expect(page).toHaveURL(/\/postbacks\/\d+/);
	await page.goBack();
	await expect(page.getByText("200 shown, there are more")).toBeVisible();
	await expect.poll(() => table.evaluate((el) => el.scrollTop)).toBe(middle);

	await page.getByRole("searchbox").fill("h2.EXAMPLE");
	await expect(page.getByText("70 shown")).toBeVisible();
	await page.getByRole("searchbox").fill("pixel 17");
	await expect(page).toHaveURL(/q=pixel/);
	await expect(page.locator("tbody tr")).toHaveCount(11);
	await page.getByRole("searchbox").fill("no such");
	await expect(page.getByText("No postback fits")).toBeVisible();
	await page.context().close();
});

test("short links, coupons, keys and people are looked for, too", async ({ browser }) => {
	test.slow();
	const of = { offer_id: market.offer, affiliate_id: market.affiliate };
	await many(130, (i) => node.api("POST", "/links", { code: `code${String(i).padStart(3, "0")}`, ...of }));
	await many(130, (i) => node.api("POST", "/coupons", { code: `MAY${i}`, ...of }));
	await node.api("POST", "/links", { code: "aaa-last", ...of });
	await node.api("POST", "/keys", { role: "network", name: "their tracker" });
	await node.person("affiliate", { affiliate_id: market.affiliate }, "blogger@example.com");
	const page = await as(browser, node, owner);

	await page.goto("links");
	const links = page.getByRole("region", { name: "Short links" });
	await expect(links.locator("tbody tr").first()).toContainText("/c/aaa-last");
	await page.getByRole("searchbox", { name: "Search codes" }).fill("CODE12");
	await expect(links.locator("tbody tr")).toHaveCount(10);
	await expect(links.locator("tbody tr").first()).toContainText("Large Blog");
	await page.getByRole("searchbox", { name: "Search codes" }).fill("zzz");
	await expect(page.getByText("No short link fits")).toBeVisible();
	await sound(page);
	await page.goto("links?code=code007");
	await expect(links.locator("tbody tr")).toHaveCount(1);

	await page.goto("coupons");
	await expect(page.locator("tbody tr").first()).toContainText("MAY12");
	await page.getByRole("button", { name: "Show more" }).click();
	await expect(page.getByText("130 shown")).toBeVisible();
	await page.getByRole("searchbox").fill("may7");
	await expect(page.locator("tbody tr")).toHaveCount(11);
	await sound(page);
	await page.goto(`coupons?affiliate=${market.affiliate}&status=retired`);
	await expect(page.getByText("Nothing fits these filters")).toBeVisible();

	await page.goto("keys?q=TRACKER");
	await expect(page.locator("tbody tr")).toHaveCount(1);
	await sound(page);
	await page.goto("users?q=blogger");
	await expect(page.locator("tbody tr")).toHaveCount(1);
	await sound(page);
	await page.goto(`affiliates/${market.affiliate}?tab=people`);
	await expect(page.getByText("blogger@example.com").first()).toBeVisible();
	await page.goto(`affiliates/${market.affiliate}?tab=links`);
	await expect(page.locator("tbody tr").first()).toContainText("aaa-last");
	await page.context().close();
});
