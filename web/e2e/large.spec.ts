// A network of which not everything is read at once.
import { expect, Node, test } from "./world.ts";

test("a large list and its picker ask the node for what is typed", async ({ browser }) => {
	const node = new Node();
	await node.start();
	const owner = await node.owner();
	for (let i = 1; i <= 320; i += 16)
		await Promise.all(
			Array.from({ length: 16 }, (_, j) => node.api("POST", "/affiliates", { name: `Partner ${i + j}` })),
		);
	await node.api("POST", "/affiliates", { name: "Äpfel und Birnen" });
	const context = await browser.newContext({ baseURL: `${node.url}/console/` });
	await context.addCookies([owner]);
	const page = await context.newPage();
	const asked: string[] = [];
	page.on("request", (r) => {
		if (r.url().includes("/api/v1/affiliates?")) asked.push(new URL(r.url()).search);
	});

	await page.goto("affiliates");
	await expect(page.getByRole("row")).not.toHaveCount(1);
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
	await context.close();
	await node.stop();
});
