import { defineConfig } from "@playwright/test";

// The tests drive the real binary (make build) in the Chromium of the system.
export default defineConfig({
	testDir: "e2e",
	outputDir: "test-results",
	timeout: 120_000,
	expect: { timeout: 15_000 },
	fullyParallel: false,
	workers: 2, // each has a node and a browser of its own
	retries: 0,
	forbidOnly: Boolean(process.env.CI),
	reporter: [["list"]],
	// What people do, and every page in every state.
	projects: [
		{ name: "flows", testIgnore: "pages.spec.ts" },
		{ name: "pages", testMatch: "pages.spec.ts" },
	],
	use: {
		browserName: "chromium",
		viewport: { width: 1360, height: 900 },
		locale: "en-GB",
		timezoneId: "Europe/Berlin",
		screenshot: "only-on-failure",
		trace: "off",
		launchOptions: {
			executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
			args: [
				"--no-sandbox",
				"--disable-gpu",
				"--disable-quic",
				"--disable-background-networking",
				"--disable-component-update",
				"--disable-sync",
				"--no-first-run",
			],
		},
	},
});
