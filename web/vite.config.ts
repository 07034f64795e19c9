import preact from "@preact/preset-vite";
import { defineConfig } from "vite";

// What `npm run dev` hands on to a running node: everything that is not a source file.
const node = process.env.WAYBILL_URL ?? "http://127.0.0.1:8080";

export default defineConfig(({ command }) => ({
	// Addresses in the build are relative, so that it works under any prefix: the
	// node says in <base> where the console begins.
	base: command === "build" ? "./" : "/console/",
	plugins: [preact({ devToolsEnabled: false, prefreshEnabled: false })],
	build: {
		outDir: "../internal/serve/console/dist",
		emptyOutDir: true,
		target: "es2023",
		modulePreload: { polyfill: false },
		assetsInlineLimit: 0,
		reportCompressedSize: true,
	},
	server: {
		host: "127.0.0.1",
		proxy: { "/api": node, "/console/auth": node },
	},
	test: { environment: "node", include: ["src/**/*.test.ts"] },
}));
