// Passkeys, as WebAuthn level 3 has them: the browser reads and writes the JSON
// that the node and the authenticator exchange.
import { auth } from "../../api/auth.ts";

type Asked = { ceremony: string; publicKey: { publicKey?: unknown } & Record<string, unknown> };

/** Whether this browser has passkeys at all. */
export const knowsPasskeys = (): boolean =>
	typeof PublicKeyCredential !== "undefined" && "parseRequestOptionsFromJSON" in PublicKeyCredential;

// Closing the browser's dialog is no failure.
function quiet(thrown: unknown): undefined {
	if (thrown instanceof DOMException && (thrown.name === "NotAllowedError" || thrown.name === "AbortError"))
		return undefined;
	throw thrown;
}

/** Signs in with a passkey. Gives false when the person changed their mind. */
export async function enterByPasskey(): Promise<boolean> {
	const asked = await auth.post<Asked>("passkey/login/begin", {});
	const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
		asked.publicKey as unknown as PublicKeyCredentialRequestOptionsJSON,
	);
	const got = await navigator.credentials.get({ publicKey }).catch(quiet);
	if (!got) return false;
	await auth.post("passkey/login/finish", {
		ceremony: asked.ceremony,
		credential: (got as PublicKeyCredential).toJSON(),
	});
	return true;
}

/** Confirms by a passkey who one is. Gives false when the person changed their mind. */
export async function confirmByPasskey(): Promise<boolean> {
	const asked = await auth.post<Asked>("passkey/confirm/begin", {});
	const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
		asked.publicKey as unknown as PublicKeyCredentialRequestOptionsJSON,
	);
	const got = await navigator.credentials.get({ publicKey }).catch(quiet);
	if (!got) return false;
	await auth.post("passkey/confirm/finish", {
		ceremony: asked.ceremony,
		credential: (got as PublicKeyCredential).toJSON(),
	});
	return true;
}

/** Adds a passkey to one's own account. */
export async function addPasskey(name: string): Promise<boolean> {
	const asked = await auth.post<Asked>("passkey/register/begin", {});
	const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(
		asked.publicKey as unknown as PublicKeyCredentialCreationOptionsJSON,
	);
	const got = await navigator.credentials.create({ publicKey }).catch(quiet);
	if (!got) return false;
	await auth.post("passkey/register/finish", {
		ceremony: asked.ceremony,
		name,
		credential: (got as PublicKeyCredential).toJSON(),
	});
	return true;
}
