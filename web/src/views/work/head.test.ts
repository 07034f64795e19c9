import { describe, expect, it } from "vitest";
import { cellsOf, headOf, headOfFile } from "./head.ts";

describe("the head of a list", () => {
	it("is split at its separator, but not within quotes", () => {
		expect(cellsOf('Order;"Sale; net";"the ""real"" one"', ";")).toEqual([
			"Order",
			"Sale; net",
			'the "real" one',
		]);
	});

	it("is the first line with columns", () => {
		expect(headOf("\uFEFFsep=;\r\n\r\nOrder;Sale\r\n1;2", ";")).toEqual(["Order", "Sale"]);
		expect(headOf("", ",")).toEqual([]);
	});

	it("is read in the encoding of the file", async () => {
		const file = new Blob([new Uint8Array([0x4e, 0xfa, 0x6d, 0x2c, 0x42])]);
		expect(await headOfFile(file, "windows-1252", ",")).toEqual(["Núm", "B"]);
		const wide = new Blob([new Uint8Array([0xfe, 0xff, 0, 0x41, 0, 0x2c, 0, 0x42])]);
		expect(await headOfFile(wide, "utf-16", ",")).toEqual(["A", "B"]);
	});
});
