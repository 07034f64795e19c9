// Setting a network up: offers with all that belongs to them, advertisers and
// affiliates, who may promote what, keys, coupons, domains, settings and imports.
import { expect, type Locator, type Page } from "@playwright/test";
import { as, sound, test, until } from "./world.ts";

const dialog = (page: Page) => page.getByRole("dialog");
const saveForm = (page: Page) => page.getByRole("button", { name: "Save changes" }).click();

/** Waits until a form has nothing more to save. */
async function saved(page: Page): Promise<void> {
	await expect(page.locator("button:disabled:not([aria-busy])", { hasText: "Save changes" })).toBeVisible();
}

/** Picks in a combobox by typing: in one of the page's, or in the dialog's. */
async function pick(within: Page | Locator, label: string, name: string): Promise<void> {
	const field = within.getByRole("combobox", { name: label, exact: true });
	await field.click();
	await field.fill(name);
	await within.getByRole("option", { name }).first().click();
}

test.describe("offers", () => {
	test("the first one takes a name, an address and two prices", async ({ page, node }) => {
		await page.goto("offers");
		await page.getByRole("button", { name: "New offer" }).first().click();
		const d = dialog(page);
		await d.getByRole("button", { name: "New advertiser…" }).click();
		await d.getByLabel("Name of the new advertiser").fill("First Shop");
		await d.getByLabel("Name", { exact: true }).fill("First offer");
		await d.getByLabel("Destination URL").fill("https://shop.example.com/spring");
		await expect(d.getByText("Without {transaction_id}")).toBeVisible();
		await d.getByRole("button", { name: "Add tid={transaction_id}" }).click();
		await expect(d.getByLabel("Destination URL")).toHaveValue(
			"https://shop.example.com/spring?tid={transaction_id}",
		);
		await expect(d.getByText("Without {transaction_id}")).toHaveCount(0);
		await d.getByRole("textbox", { name: "Amount" }).first().fill("5");
		await d.getByRole("textbox", { name: "Amount" }).last().fill("4");
		await expect(d.getByText("You lose $1.00")).toBeVisible();
		await d.getByRole("textbox", { name: "Amount" }).last().fill("7");
		await expect(d.getByText("affiliates earn $5.00 and the advertiser pays you $7.00")).toBeVisible();
		await expect(d.getByText("You keep $2.00, a margin of 28.6%.")).toBeVisible();
		await sound(page);
		await d.getByRole("button", { name: "Create offer" }).click();

		await expect(page.getByRole("heading", { name: "First offer" })).toBeVisible();
		const id = Number(/offers\/(\d+)/.exec(page.url())?.[1]);
		expect(await node.api("GET", `/offers/${id}`)).toMatchObject({
			name: "First offer",
			destination_url: "https://shop.example.com/spring?tid={transaction_id}",
			payout: { type: "cpa", amount: "5" },
			revenue: { type: "cpa", amount: "7" },
		});
		await expect(page.getByText("Postbacks are believed without proof")).toBeVisible();
		await sound(page);
	});

	test("what is wrong stands at its field, and nothing is made", async ({ page, node }) => {
		await node.market("Wrongs");
		await page.goto("offers?new=1");
		const d = dialog(page);
		await pick(d, "Advertiser", "Wrongs Shop");
		await d.getByLabel("Destination URL").fill("https://shop.example.com/?x=#s2#");
		await d.getByRole("button", { name: "Create offer" }).click();
		await expect(d.getByLabel("Name", { exact: true })).toHaveAttribute("aria-invalid", "true");
		await expect(d.getByLabel("Destination URL")).toHaveAttribute("aria-invalid", "true");
		await sound(page);
	});

	test("a change that another person overtook is shown beside theirs, and both can stay", async ({
		page,
		node,
	}) => {
		const { offer } = await node.market("Overtaken");
		await page.goto(`offers/${offer}/details`);
		await page.getByLabel("Name", { exact: true }).fill("Mine");
		await node.api("PATCH", `/offers/${offer}`, { category: "Theirs", name: "Also theirs" });
		await saveForm(page);
		await expect(page.getByText("Somebody changed this meanwhile")).toBeVisible();
		const name = page.getByRole("row", { name: /^Name/ });
		await expect(name).toContainText("Overtaken");
		await expect(name).toContainText("Also theirs");
		await expect(name).toContainText("Mine");
		await expect(page.getByRole("row", { name: /^Category/ })).toContainText("not changed");
		await sound(page);
		expect((await node.api("GET", `/offers/${offer}`)).name).toBe("Also theirs");
		await page.getByRole("button", { name: "Save yours" }).click();
		await expect(page.getByText("Somebody changed this meanwhile")).toHaveCount(0);
		expect(await node.api("GET", `/offers/${offer}`)).toMatchObject({ name: "Mine", category: "Theirs" });
		await expect(page.getByLabel("Category")).toHaveValue("Theirs");

		await page.getByLabel("Name", { exact: true }).fill("Mine again");
		await node.api("PATCH", `/offers/${offer}`, { name: "Theirs again" });
		await saveForm(page);
		await page.getByRole("button", { name: "Take theirs" }).click();
		await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Theirs again");
		await saved(page);
		expect((await node.api("GET", `/offers/${offer}`)).name).toBe("Theirs again");
	});

	test("they are paused and archived, and that is taken back", async ({ page, node }) => {
		const { offer } = await node.market("Halting");
		const status = async () => (await node.api("GET", `/offers/${offer}`)).status;
		await page.goto(`offers/${offer}`);
		await page.getByRole("button", { name: "Pause" }).click();
		await expect(page.getByText("Halting is paused")).toBeVisible();
		expect(await status()).toBe("paused");
		await page.getByRole("button", { name: "Undo" }).click();
		await until("the offer runs again", async () => (await status()) === "active");
		await page.getByRole("button", { name: "More" }).click();
		await page.getByRole("menuitem", { name: "Archive" }).click();
		await until("the offer is archived", async () => (await status()) === "archived");
		await page.goto("offers?q=Halting");
		await expect(page.getByText("Nothing fits these filters")).toBeVisible();
		await page.getByLabel("Status").selectOption("archived");
		await expect(page.getByRole("link", { name: "Halting" })).toBeVisible();
	});

	test("goals and terms say what each affiliate gets", async ({ page, node }) => {
		const { offer, affiliate } = await node.market("Priced");
		await page.goto(`offers/${offer}/goals`);
		await page.getByRole("button", { name: "New goal" }).click();
		const d = dialog(page);
		await d.getByLabel("Code").fill("deposit");
		await d.getByLabel("Affiliates earn").selectOption("cpa");
		await d.getByRole("textbox", { name: "Amount" }).fill("25");
		await d.getByLabel("One per order").check();
		await sound(page);
		await d.getByRole("button", { name: "Create goal" }).click();
		await expect(page.getByRole("cell", { name: "$25.00" })).toBeVisible();
		const goals = (await node.api("GET", `/offers/${offer}/goals`)).data;
		expect(goals[1]).toMatchObject({
			code: "deposit",
			dedupe: "per_order",
			payout: { type: "cpa", amount: "25" },
		});
		await page.getByRole("button", { name: "deposit" }).click();
		await d.getByLabel("Update the conversion").check();
		await d.getByLabel("The postback may set the payout.").check();
		await d.getByRole("button", { name: "Save changes" }).click();
		await saved(page);
		expect((await node.api("GET", `/offers/${offer}/goals`)).data[1]).toMatchObject({
			on_repeat: "update",
			partner_may_set_payout: true,
			payout: { type: "cpa", amount: "25" },
		});

		await page.goto(`offers/${offer}/payouts`);
		await page.getByRole("button", { name: "New term" }).click();
		await pick(d, "Affiliate", "Priced Blog");
		await d.getByRole("textbox", { name: "Amount" }).first().fill("6.5");
		await sound(page);
		await d.getByRole("button", { name: "Create term" }).click();
		await expect(page.getByRole("button", { name: "Priced Blog" })).toBeVisible();
		expect((await node.api("GET", `/terms?offer_id=${offer}`)).data[0]).toMatchObject({
			affiliate_id: affiliate,
			payout: { type: "cpa", amount: "6.50" },
		});
		await pick(page, "Affiliate", "Priced Blog");
		await expect(page.getByText("(by term")).toBeVisible();
		await page.getByLabel("Goal", { exact: true }).selectOption("deposit");
		await expect(page.getByText("At this goal a postback that names a payout sets it")).toBeVisible();
		await sound(page);
		await page.getByRole("button", { name: "End now" }).click();
		await expect(page.getByText("Over", { exact: true })).toBeVisible();
		await page.getByRole("button", { name: "Undo" }).click();
		await expect(page.getByText("Holds now")).toBeVisible();
	});

	test("caps, targeting and attribution are set, and doubts stand at their field", async ({ page, node }) => {
		const { offer } = await node.market("Bounded");
		const now = () => node.api("GET", `/offers/${offer}`);
		await page.goto(`offers/${offer}/caps`);
		await page.getByRole("button", { name: "Add a cap" }).click();
		await page.getByLabel("Beyond it").selectOption("pending");
		await saveForm(page);
		await expect(page.getByLabel("At most")).toHaveAttribute("aria-invalid", "true");
		await page.getByLabel("At most").fill("100");
		await saveForm(page);
		await saved(page);
		expect((await now()).caps).toMatchObject([
			{ metric: "conversions", period: "day", limit: "100", on_reached: "pending" },
		]);
		await sound(page);

		await page.goto(`offers/${offer}/targeting`);
		await page.getByLabel("Only these countries").first().check();
		await pick(page, "Only these countries", "Germany");
		await page.getByLabel("Phone").check();
		await pick(page, "Browsers", "Samsung Internet");
		await page.getByLabel("Ends").fill("2030-01-01T00:00");
		await saveForm(page);
		await saved(page);
		expect(await now()).toMatchObject({
			targeting: { countries: ["DE"], devices: ["mobile"], browsers: ["Samsung Internet"] },
			ends_at: "2029-12-31T23:00:00Z",
		});
		await sound(page);

		await page.goto(`offers/${offer}/attribution`);
		await page.getByLabel("Click window", { exact: true }).fill("14");
		await page.getByLabel("Address and browser").check();
		await saveForm(page);
		await expect(page.getByText("credits whoever shares an address").first()).toBeVisible();
		await expect(page.locator(".field .warning")).toBeVisible();
		expect(await now()).toMatchObject({
			click_window: "14d",
			attribution: ["transaction_id", "ip_user_agent"],
			targeting: { countries: ["DE"] },
		});
		await sound(page);
	});
});

test.describe("access", () => {
	test("an affiliate asks, the network decides, and its visitors get through", async ({
		browser,
		page,
		node,
	}) => {
		const { offer, affiliate } = await node.market("Guarded");
		await node.api("PATCH", `/offers/${offer}`, {
			access: "request",
			description: "A kettle.\nNo brand bidding.",
			category: "Kitchen",
		});
		const who = await node.person("affiliate", { affiliate_id: affiliate }, "guarded@example.com");
		const theirs = await as(browser, node, who);
		await theirs.goto("offers?category=Kitchen");
		const card = theirs.getByRole("article").filter({ hasText: "Guarded" });
		await expect(card).toContainText("$5.00");
		await expect(card).not.toContainText("$8.00");
		await sound(theirs);
		await card.getByRole("button", { name: "Ask for access" }).click();
		await dialog(theirs).getByLabel("How you will promote it").fill("Tea newsletter");
		await sound(theirs);
		await dialog(theirs).getByRole("button", { name: "Ask for access" }).click();
		await expect(card).toContainText("Requested");

		await page.goto("access");
		const row = page.getByRole("row", { name: /Guarded Blog/ });
		await expect(row).toContainText("Tea newsletter");
		await sound(page);
		await row.getByRole("checkbox").check();
		await page.getByRole("button", { name: "Approve 1 request" }).click();
		await expect(page.getByText("1 affiliate approved")).toBeVisible();
		const standing = async () => (await node.api("GET", `/access?offer_id=${offer}`)).data[0];
		expect((await standing()).status).toBe("approved");
		await expect(row).toHaveCount(0);
		await page.getByRole("button", { name: "Undo" }).click();
		await expect(page.getByText("Approval taken back.")).toBeVisible();
		await expect(row).toContainText("Requested");
		expect(await standing()).toMatchObject({ status: "requested", note: "Tea newsletter" });

		await row.getByRole("button", { name: /^Decline/ }).click();
		await dialog(page).getByLabel("Note to the affiliate").fill("No newsletters");
		await dialog(page).getByRole("button", { name: "Decline 1 request" }).click();
		await expect(page.getByText("1 affiliate declined")).toBeVisible();
		await page.goto("access?status=rejected");
		await row.getByRole("button", { name: /^Approve/ }).click();
		await expect(row).toHaveCount(0);
		await page.getByRole("button", { name: "Undo" }).click();
		await expect(row).toContainText("Declined");
		expect(await standing()).toMatchObject({ status: "rejected", decision_note: "No newsletters" });
		await row.getByRole("button", { name: /^Approve/ }).click();
		await page.goto("access?status=approved");
		await expect(row).toBeVisible();
		expect((await standing()).status).toBe("approved");
		await until("its visitors get through", async () => {
			const id = await node.click(offer, affiliate);
			return !(await node.api("GET", `/clicks/${id}`).catch(() => ({ turned_away: "wait" }))).turned_away;
		});
		await theirs.goto(`offers/${offer}`);
		await expect(theirs.getByRole("link", { name: "Get your link" })).toBeVisible();
		await expect(theirs.getByText("No brand bidding.")).toBeVisible();
		await expect(theirs.getByRole("link", { name: "Caps" })).toHaveCount(0);
		await sound(theirs);
		await theirs.context().close();
	});
});

test.describe("advertisers and affiliates", () => {
	test("a token is renewed in two steps, both believed in between", async ({ page, node }) => {
		const { advertiser, offer, affiliate } = await node.market("Secret");
		await page.goto(`advertisers/${advertiser}?tab=security`);
		await expect(page.getByText("Without proof, one of them could report")).toBeVisible();
		await page.getByLabel("Token", { exact: false }).first().check();
		await saveForm(page);
		await saved(page);
		const first = (await node.api("GET", `/advertisers/${advertiser}`)).token;
		await expect(page.getByText(first)).toHaveCount(0);
		await page.getByRole("button", { name: "Show Token" }).click();
		await expect(page.getByText(first)).toBeVisible();
		await sound(page);
		await page.getByRole("button", { name: "Renew" }).first().click();
		await expect(page.getByText("Both are believed at the moment")).toBeVisible();
		const renewed = await node.api("GET", `/advertisers/${advertiser}`);
		expect(renewed.previous_token).toBe(first);
		expect(renewed.token).not.toBe(first);
		const transaction_id = await node.click(offer, affiliate);
		const old = await until("the old token is believed", async () => {
			const v = await node.postback({ transaction_id, token: first });
			return v.status === "accepted" && v;
		});
		expect(old.code).toBe("ok");
		await page.getByRole("button", { name: "Forget the previous one" }).click();
		await expect(page.getByText("Both are believed at the moment")).toHaveCount(0);
		await until("the old token is refused", async () => {
			const v = await node.postback({ transaction_id, token: first });
			return v.code === "token_invalid";
		});
		await sound(page);
	});

	test("words for statuses are taught, and understood", async ({ page, node }) => {
		const { advertiser, offer, affiliate } = await node.market("Worded");
		await page.goto(`advertisers/${advertiser}?tab=words`);
		await page.getByRole("button", { name: "Add a word" }).click();
		await page.getByLabel("Word 1", { exact: true }).fill("sale");
		await page.getByRole("button", { name: "Add a word" }).click();
		await page.getByLabel("Word 2", { exact: true }).fill("refund");
		await page.getByLabel("Meaning of word 2").selectOption("rejected");
		await page.getByLabel("Always with 200").check();
		await saveForm(page);
		await saved(page);
		expect(await node.api("GET", `/advertisers/${advertiser}`)).toMatchObject({
			status_words: { sale: "approved", refund: "rejected" },
			strict: false,
		});
		const transaction_id = await node.click(offer, affiliate);
		const v = await until("the word is understood", async () => {
			const got = await node.postback({ transaction_id, status: "sale" });
			return got.status === "accepted" && got;
		});
		expect((await node.api("GET", `/conversions/${v.conversion_id}`)).status).toBe("approved");
		await page.getByRole("button", { name: "Remove refund" }).click();
		await saveForm(page);
		await saved(page);
		expect((await node.api("GET", `/advertisers/${advertiser}`)).status_words).toEqual({ sale: "approved" });
		await sound(page);
	});

	test("an affiliate is made, blocked, and looked at through its own eyes", async ({ page, node }) => {
		await page.goto("affiliates");
		await page.getByRole("button", { name: "New affiliate" }).first().click();
		await dialog(page).getByLabel("Affiliate", { exact: true }).fill("Eyes Blog");
		await dialog(page).getByRole("button", { name: "Create affiliate" }).click();
		await expect(page.getByRole("heading", { name: "Eyes Blog" })).toBeVisible();
		const id = Number(/affiliates\/(\d+)/.exec(page.url())?.[1]);
		await page.getByRole("link", { name: "Details" }).click();
		await page.getByLabel("Blocked").check();
		await saveForm(page);
		await saved(page);
		expect((await node.api("GET", `/affiliates/${id}`)).status).toBe("blocked");
		await sound(page);
		await page.getByRole("button", { name: "See as they do" }).click();
		await expect(page.getByText("You see the console as Eyes Blog sees it")).toBeVisible();
		await page.getByRole("link", { name: "Find offers" }).click();
		await expect(page.getByRole("heading", { name: "Find offers" })).toBeVisible();
		await expect(page.getByRole("link", { name: "Advertisers" })).toHaveCount(0);
		await page.getByRole("button", { name: "Leave" }).click();
		await expect(page.getByRole("link", { name: "Advertisers" })).toBeVisible();
	});
});

test.describe("administration", () => {
	test("a key is shown once, works, and is revoked for good", async ({ page, node }) => {
		await page.goto("keys");
		await page.getByRole("button", { name: "New key" }).first().click();
		const d = dialog(page);
		await d.getByLabel("Name").fill("reporting job");
		await sound(page);
		await d.getByRole("button", { name: "Create key" }).click();
		await expect(d.getByText("It is shown this once only")).toBeVisible();
		const secret = ((await d.getByRole("group", { name: "Your new key" }).textContent()) ?? "").trim();
		const call = () => fetch(`${node.url}/api/v1/me`, { headers: { Authorization: `Bearer ${secret}` } });
		expect((await call()).status).toBe(200);
		await sound(page);
		await d.getByRole("button", { name: "I have copied it" }).click();
		await expect(page.getByText(secret)).toHaveCount(0);
		const row = page.getByRole("row", { name: /reporting job/ });
		await row.getByRole("button", { name: "Revoke reporting job?" }).click();
		await expect(d.getByText("This cannot be taken back")).toBeVisible();
		await d.getByRole("button", { name: "Cancel" }).click();
		expect((await call()).status).toBe(200);
		await row.getByRole("button", { name: "Revoke reporting job?" }).click();
		await d.getByRole("button", { name: "Revoke", exact: true }).click();
		await until("the key is refused", async () => (await call()).status === 401);
		await expect(row).toHaveCount(0);
	});

	test("a coupon that credits nobody yet says so, and is retired", async ({ page, node }) => {
		await node.market("Coupons");
		await page.goto("coupons?new=1");
		const d = dialog(page);
		await d.getByLabel("Code").fill("TEA10");
		await pick(d, "Affiliate", "Coupons Blog");
		await pick(d, "Offer", "Coupons");
		await d.getByRole("button", { name: "Create coupon" }).click();
		await expect(d.getByRole("link", { name: "To the offer's attribution" })).toBeVisible();
		await sound(page);
		await d.getByRole("button", { name: "Close" }).last().click();
		await page.getByRole("button", { name: "Retire TEA10" }).click();
		const status = async () =>
			(await node.api("GET", "/coupons?limit=1000")).data.find((c: { code: string }) => c.code === "TEA10")
				.status;
		await until("the coupon is retired", async () => (await status()) === "retired");
		await page.getByRole("button", { name: "Undo" }).click();
		await until("the coupon is back", async () => (await status()) === "active");
		await expect(page.getByRole("row", { name: /TEA10/ })).toBeVisible();
		await sound(page);
	});

	test("a domain tells its DNS record and how its certificate stands", async ({ page, node }) => {
		await node.market("Domains");
		await page.goto("domains?new=1");
		const d = dialog(page);
		await d.getByLabel("Host name").fill("https://go.shop.example/");
		await pick(d, "Advertiser", "Domains Shop");
		await d.getByRole("button", { name: "Create domain" }).click();
		await expect(d.getByLabel("Host name")).toHaveAttribute("aria-invalid", "true");
		await d.getByLabel("Host name").fill("go.shop.example");
		await d.getByLabel("None here").check();
		await sound(page);
		await d.getByRole("button", { name: "Create domain" }).click();
		await expect(page.getByRole("heading", { name: "go.shop.example" })).toBeVisible();
		await expect(page.getByText("Not wanted")).toBeVisible();
		await page.getByRole("button", { name: "Actions for go.shop.example" }).click();
		await page.getByRole("menuitem", { name: "Pause" }).click();
		await expect(page.getByText("Nothing answers under go.shop.example now")).toBeVisible();
		const all = (await node.api("GET", "/domains?limit=1000")).data as { host: string; status: string }[];
		expect(all.find((one) => one.host === "go.shop.example")?.status).toBe("paused");
		await sound(page);
	});

	test("the fallback of the installation is set", async ({ page, node }) => {
		await page.goto("settings");
		await page.getByLabel("Fallback URL").fill("not an address");
		await saveForm(page);
		await expect(page.getByLabel("Fallback URL")).toHaveAttribute("aria-invalid", "true");
		await page.getByLabel("Fallback URL").fill("https://www.example.com/");
		await page.getByLabel("Refuse them").check();
		await saveForm(page);
		await saved(page);
		expect(await node.api("GET", "/settings")).toMatchObject({
			fallback_url: "https://www.example.com/",
			tune_ids: "refuse",
		});
		await sound(page);
		await node.api("PATCH", "/settings", { fallback_url: null, tune_ids: null });
	});
});

test.describe("imports", () => {
	const csv = (name: string, text: string) => ({ name, mimeType: "text/csv", buffer: Buffer.from(text) });

	test("a file is looked at before anything is counted, and then counted once", async ({ page, node }) => {
		const m = await node.market("Imported");
		const ids = [await node.click(m.offer, m.affiliate), await node.click(m.offer, m.affiliate)];
		await until(
			"the clicks are known",
			async () => (await node.api("GET", `/clicks/${ids[1]}`).catch(() => undefined)) !== undefined,
		);
		const text = `Ref,Order No,amount\n${ids[0]},I-1,20\n${ids[1]},I-2,30\nnonsense,I-3,40\n`;
		const orders = async () => (await node.api("GET", `/conversions?offer_id=${m.offer}`)).data.length;
		await page.goto("import");
		await page.locator('input[type="file"]').setInputFiles(csv("sales.csv", text));
		await page.getByRole("button", { name: "Check the file" }).click();
		await expect(page.getByRole("alert")).toContainText("Ref");
		await page.getByLabel("Ref", { exact: true }).selectOption("transaction_id");
		await page.getByRole("button", { name: "Check the file" }).click();
		await expect(page.getByRole("heading", { name: "What would become of it" })).toBeVisible();
		const problems = page.getByRole("region", { name: "Lines with problems" });
		await expect(problems.getByRole("row")).toHaveCount(2);
		await expect(problems).toContainText("transaction_id_invalid");
		await sound(page);
		expect(await orders()).toBe(0);
		await page.getByRole("button", { name: "Import 3 lines" }).click();
		await expect(page.getByRole("heading", { name: "What became of it" })).toBeVisible();
		expect(await orders()).toBe(2);
		await page.getByRole("button", { name: "Check the file" }).click();
		await expect(page.getByRole("heading", { name: "What would become of it" })).toBeVisible();
		await page.getByRole("button", { name: "Import 3 lines" }).click();
		await expect(page.getByRole("heading", { name: "What became of it" })).toBeVisible();
		await expect(page.locator(".counts")).toContainText("2Duplicate");
		expect(await orders()).toBe(2);
		await sound(page);
	});

	test("numbers of TUNE are kept line by line, the wrong ones refused", async ({ page, node }) => {
		const m = await node.market("Tuned");
		await page.goto("import?of=ids");
		await page
			.locator('input[type="file"]')
			.setInputFiles(
				csv("ids.csv", `kind,tune_id,waybill_id\noffer,118,${m.offer}\naffiliate,2045,999999\n`),
			);
		await page.getByRole("button", { name: "Check the file" }).click();
		await expect(page.getByRole("heading", { name: "What would become of it" })).toBeVisible();
		await expect(page.getByRole("row", { name: /2045/ })).toContainText("Refused");
		expect((await node.api("GET", "/id_map")).data).toEqual([]);
		await sound(page);
		await page.getByRole("button", { name: "Keep 1 numbers" }).click();
		await expect(page.getByRole("heading", { name: "What became of it" })).toBeVisible();
		expect((await node.api("GET", "/id_map")).data).toMatchObject([
			{ kind: "offer", tune_id: "118", waybill_id: m.offer },
		]);
	});
});

test("an analyst sees everything and is offered no change; on a phone nothing is wider than the screen", async ({
	browser,
	node,
}) => {
	const { offer, advertiser, affiliate } = await node.market("Watched");
	const who = await node.person("analyst", {}, "watcher@example.com");
	const page = await as(browser, node, who, { viewport: { width: 360, height: 780 } });
	for (const path of [
		"offers",
		...["", "/details", "/goals", "/payouts", "/caps", "/targeting", "/attribution", "/access"].map(
			(tab) => `offers/${offer}${tab}`,
		),
		"advertisers",
		...["overview", "security", "words"].map((tab) => `advertisers/${advertiser}?tab=${tab}`),
		"affiliates",
		...["overview", "offers", "terms", "links", "postbacks"].map(
			(tab) => `affiliates/${affiliate}?tab=${tab}`,
		),
		"access",
		"coupons",
	]) {
		await page.goto(path);
		await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
		await expect(page.getByRole("status", { name: "Loading…" })).toHaveCount(0);
		await expect(page.getByRole("button", { name: /^(New|Save|Pause|Add|Renew|Approve)/ })).toHaveCount(0);
		await sound(page);
	}
	await page.context().close();
});
