// Every text is read somewhere: what nobody reads is not translated, either.
import { resolve } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";

const web = resolve(import.meta.dirname, "../..");

function program(): ts.Program {
	const file = resolve(web, "tsconfig.json");
	const config = ts.parseJsonConfigFileContent(ts.readConfigFile(file, ts.sys.readFile).config, ts.sys, web);
	return ts.createProgram(
		config.fileNames.filter((n) => n.includes("/src/")),
		config.options,
	);
}

/** The texts of en.ts that no source reads, as `common.again`. */
function unread(p: ts.Program): string[] {
	const checker = p.getTypeChecker();
	const texts = p.getSourceFile(resolve(web, "src/text/en.ts"))!;
	const read = new Set<ts.Node>();
	const isText = (d: ts.Declaration | undefined): d is ts.PropertyAssignment =>
		d !== undefined && ts.isPropertyAssignment(d) && d.getSourceFile() === texts;
	const take = (s: ts.Symbol | undefined, whole: boolean) => {
		for (const d of s?.declarations ?? []) {
			if (!isText(d)) continue;
			read.add(d);
			// Taken by a key that is known only when it runs: any of them may be read.
			if (whole) for (const inner of checker.getTypeAtLocation(d).getProperties()) take(inner, true);
		}
	};
	// A name of its own, as `const t = text.lists`, reads nothing yet, nor does an import.
	const isAlias = (n: ts.Node) =>
		(ts.isVariableDeclaration(n.parent) && ts.isIdentifier(n.parent.name) && !n.parent.type) ||
		ts.isImportSpecifier(n.parent) ||
		ts.isQualifiedName(n.parent) ||
		ts.isTypeQueryNode(n.parent);
	// What texts are called in a file: by their own name, and by those given to parts of them.
	const namesIn = (f: ts.SourceFile) => {
		const names = new Set(["text"]);
		const look = (n: ts.Node) => {
			if (ts.isVariableDeclaration(n) && n.initializer && ts.isIdentifier(n.name)) {
				let root: ts.Node = n.initializer;
				while (ts.isPropertyAccessExpression(root)) root = root.expression;
				if (ts.isIdentifier(root) && names.has(root.text)) names.add(n.name.text);
			}
			ts.forEachChild(n, look);
		};
		look(f);
		return names;
	};
	const visit = (n: ts.Node, names: Set<string>) => {
		if (ts.isIdentifier(n) && names.has(n.text) && !isAlias(n)) follow(n);
		else if (ts.isBindingElement(n)) take(checker.getSymbolAtLocation(n.propertyName ?? n.name), true);
		ts.forEachChild(n, (c) => visit(c, names));
	};
	const follow = (from: ts.Identifier) => {
		let at: ts.Expression = from;
		if (ts.isPropertyAccessExpression(from.parent) && from.parent.name === from) return;
		while (ts.isPropertyAccessExpression(at.parent) && at.parent.expression === at) {
			at = at.parent;
			const on = at.parent;
			const goesOn = ts.isPropertyAccessExpression(on) && on.expression === at;
			take(checker.getSymbolAtLocation((at as ts.PropertyAccessExpression).name), !goesOn && !isAlias(at));
		}
		// All of it, handed on or taken by a key.
		if (at === from) for (const s of checker.getTypeAtLocation(from).getProperties()) take(s, true);
	};
	for (const f of p.getSourceFiles()) {
		if (f === texts || f.isDeclarationFile || f.fileName.endsWith(".test.ts")) continue;
		visit(f, namesIn(f));
	}
	const left: string[] = [];
	const look = (n: ts.Node, path: string[]) => {
		if (ts.isPropertyAssignment(n)) {
			const at = [...path, n.name.getText()];
			const inner = ts.isObjectLiteralExpression(n.initializer) && n.initializer.properties.length > 0;
			if (!inner && !read.has(n)) left.push(at.join("."));
			else if (inner) ts.forEachChild(n.initializer, (c) => look(c, at));
			return;
		}
		ts.forEachChild(n, (c) => look(c, path));
	};
	look(texts, []);
	return left;
}

it("every text is read somewhere", () => {
	expect(unread(program())).toEqual([]);
}, 120_000);
