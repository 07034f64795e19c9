// Before what a stolen session must not do, the node wants to see once more who
// that is. Whatever asks it goes through here: the person is asked, and then it is
// asked again.
import { signal } from "@preact/signals";
import type { Problem } from "./problem.ts";

/** What waits for the person to confirm; null while nothing does. */
export const confirming = signal<{ answer: (yes: boolean) => void } | null>(null);

let asked: Promise<boolean> | undefined;

// What is asked by several at once is answered for all of them.
function askToConfirm(): Promise<boolean> {
	asked ??= new Promise<boolean>((resolve) => {
		confirming.value = {
			answer: (yes) => {
				confirming.value = null;
				asked = undefined;
				resolve(yes);
			},
		};
	});
	return asked;
}

/** Does something, and once more when the person has had to confirm first. */
export async function confirmed<T>(what: () => Promise<T>): Promise<T> {
	try {
		return await what();
	} catch (thrown) {
		if ((thrown as Partial<Problem> | undefined)?.kind !== "confirm_first" || !(await askToConfirm()))
			throw thrown;
		return what();
	}
}
