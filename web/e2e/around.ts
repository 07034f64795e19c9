// What may stand around a node: a proxy that people reach it through, and an identity
// provider that it believes.
import { createHash, createSign, generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

async function listen(server: Server): Promise<string> {
	await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
	return `http://localhost:${(server.address() as AddressInfo).port}`;
}

async function close(server: Server): Promise<void> {
	server.closeAllConnections();
	await new Promise((done) => server.close(done));
}

/** A reverse proxy before a node, which answers at its root and below a prefix. */
export class Gateway {
	static readonly prefix = "/ops";
	/** Where people reach it; localhost, since browsers keep passkeys for names. */
	url = "";
	/** The node behind it. */
	to = "";
	private readonly server = createServer((q, r) => this.pass(q, r));

	async start(): Promise<void> {
		this.url = await listen(this.server);
	}

	stop = () => close(this.server);

	private pass(q: IncomingMessage, r: ServerResponse): void {
		const path = (q.url ?? "/").replace(new RegExp(`^${Gateway.prefix}(?=/)`), "");
		const on = request(`${this.to}${path}`, { method: q.method, headers: q.headers }, (answer) => {
			r.writeHead(answer.statusCode ?? 502, answer.headers);
			answer.pipe(r);
		});
		on.on("error", () => r.destroy());
		r.on("close", () => on.destroy());
		q.pipe(on);
	}
}

type Asked = { nonce: string; challenge: string };

/** An identity provider (OpenID Connect) at which one person is signed in. */
export class Provider {
	url = "";
	/** Who is signed in there, and for how many seconds. */
	says = { email: "", ago: 0 };
	/** What it was asked to do before it let the last one pass. */
	prompt: string | null = null;
	private readonly keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
	private readonly codes = new Map<string, Asked>();
	private readonly server = createServer((q, r) => void this.answer(q, r));

	async start(): Promise<void> {
		this.url = await listen(this.server);
	}

	stop = () => close(this.server);

	private async answer(q: IncomingMessage, r: ServerResponse): Promise<void> {
		const at = new URL(q.url ?? "/", this.url);
		if (at.pathname === "/authorize") {
			r.writeHead(302, { Location: this.authorize(at.searchParams) }).end();
			return;
		}
		let body = "";
		for await (const piece of q) body += piece;
		const doors: Record<string, () => unknown> = {
			"/.well-known/openid-configuration": () => ({
				issuer: this.url,
				authorization_endpoint: `${this.url}/authorize`,
				token_endpoint: `${this.url}/token`,
				jwks_uri: `${this.url}/keys`,
				id_token_signing_alg_values_supported: ["RS256"],
			}),
			"/keys": () => ({
				keys: [{ ...this.keys.publicKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: "1" }],
			}),
			"/token": () => this.token(new URLSearchParams(body)),
		};
		const told = doors[at.pathname]?.();
		r.writeHead(told ? 200 : 400, { "Content-Type": "application/json" });
		r.end(JSON.stringify(told ?? { error: "invalid_grant" }));
	}

	private authorize(asked: URLSearchParams): string {
		const code = randomUUID();
		this.codes.set(code, {
			nonce: asked.get("nonce") ?? "",
			challenge: asked.get("code_challenge") ?? "",
		});
		this.prompt = asked.get("prompt");
		const back = new URL(asked.get("redirect_uri") ?? "");
		back.search = `${new URLSearchParams({ code, state: asked.get("state") ?? "", iss: this.url })}`;
		return back.href;
	}

	private token(sent: URLSearchParams): unknown {
		const asked = this.codes.get(sent.get("code") ?? "");
		this.codes.delete(sent.get("code") ?? "");
		const proof = createHash("sha256")
			.update(sent.get("code_verifier") ?? "")
			.digest("base64url");
		if (!asked || proof !== asked.challenge) return undefined;
		const now = Math.floor(Date.now() / 1000);
		const claims = {
			iss: this.url,
			sub: this.says.email,
			aud: "waybill",
			iat: now,
			exp: now + 60,
			auth_time: now - this.says.ago,
			nonce: asked.nonce,
			email: this.says.email,
			email_verified: true,
		};
		const part = (what: unknown) => Buffer.from(JSON.stringify(what)).toString("base64url");
		const word = `${part({ alg: "RS256", kid: "1", typ: "JWT" })}.${part(claims)}`;
		const seal = createSign("RSA-SHA256").update(word).sign(this.keys.privateKey, "base64url");
		return { access_token: randomUUID(), token_type: "Bearer", id_token: `${word}.${seal}` };
	}
}
