// Changing one record that others may be changing, too.
import { useQueryClient } from "@tanstack/preact-query";
import { useEffect, useRef, useState } from "preact/hooks";
import { differing, patchOf, same } from "../lib/patch.ts";
import { type Problem, problemOf } from "../lib/problem.ts";
import { text } from "../text/en.ts";
import type { Warned } from "../ui/form.tsx";
import { toast } from "../ui/toast.tsx";
import { read } from "./client.ts";
import { type Tagged, tagged } from "./record.ts";

type Answer<T> = Promise<{ data?: T; error?: unknown; response: Response }>;

/** Clash is a field that somebody else has changed meanwhile. */
export type Clash<T> = { field: keyof T & string; before: unknown; theirs: unknown; yours: unknown };

/** Edit is a record that is being changed, and how that stands. */
export type Edit<T> = {
	/** The record as it will be. */
	draft: T;
	set: (change: Partial<T>) => void;
	/** The record as it is. */
	kept: T;
	dirty: boolean;
	busy: boolean;
	problem: Problem | undefined;
	warnings: Warned[];
	/** What somebody else has changed since this was read; the save waits for a decision. */
	clashes: Clash<T>[] | undefined;
	/** Saves; gives whether it is saved. Over what others did, with `over`. */
	save: (over?: boolean) => Promise<boolean>;
	/** Goes back to what is kept; after a clash, to what others have made of it. */
	reset: () => void;
};

type Options<T> = {
	/** Sends a merge patch, meant for a version. */
	send: (patch: Partial<T>, etag: string) => Answer<T>;
	/** Reads the record as it is now. */
	reread: () => Answer<T>;
	/** First words of the keys that are read anew. */
	touches: string[];
	done?: string;
};

/**
 * Holds a draft of a record until it is saved. What comes anew from the node is
 * taken over as long as nothing was changed here.
 */
export function useEdit<T extends object>(record: Tagged<T>, options: Options<T>): Edit<T> {
	const queries = useQueryClient();
	const [base, setBase] = useState(record);
	const [draft, setDraft] = useState(record.value);
	const [theirs, setTheirs] = useState<Tagged<T>>();
	const [busy, setBusy] = useState(false);
	const [problem, setProblem] = useState<Problem>();
	const [warnings, setWarnings] = useState<Warned[]>([]);
	const dirty = !same(base.value, draft);
	const seen = useRef(record);
	useEffect(() => {
		if (seen.current === record) return;
		seen.current = record;
		if (dirty) return;
		setBase(record);
		setDraft(record.value);
	}, [record, dirty]);
	useEffect(() => {
		if (!dirty) return;
		const stay = (e: BeforeUnloadEvent) => e.preventDefault();
		addEventListener("beforeunload", stay);
		return () => removeEventListener("beforeunload", stay);
	}, [dirty]);

	const taken = (t: Tagged<T>) => {
		setBase(t);
		setDraft(t.value);
		setTheirs(undefined);
		setProblem(undefined);
	};
	const clashed = async () => {
		try {
			setTheirs(await read(tagged(options.reread())));
		} catch (thrown) {
			setProblem(problemOf(thrown));
		}
	};
	const save = async (over = false): Promise<boolean> => {
		setBusy(true);
		setProblem(undefined);
		const patch = patchOf(base.value, draft) as Partial<T>;
		try {
			const got = await read(tagged(options.send(patch, over && theirs ? theirs.etag : base.etag)));
			const { warnings: doubts, ...value } = got.value as T & { warnings?: Warned[] };
			setWarnings(doubts ?? []);
			taken({ value: value as T, etag: got.etag });
			for (const word of options.touches) void queries.invalidateQueries({ queryKey: [word] });
			toast(options.done ?? text.common.saved);
			return true;
		} catch (thrown) {
			const p = problemOf(thrown);
			if (p.status === 412) await clashed();
			else setProblem(p);
			return false;
		} finally {
			setBusy(false);
		}
	};
	const clashes =
		theirs &&
		differing(base.value, theirs.value)
			.filter((f) => f !== "updated_at")
			.map((f) => {
				const field = f as keyof T & string;
				return { field, before: base.value[field], theirs: theirs.value[field], yours: draft[field] };
			});
	return {
		draft,
		set: (change) => setDraft((now) => ({ ...now, ...change })),
		kept: base.value,
		dirty,
		busy,
		problem,
		warnings,
		clashes,
		save,
		reset: () => taken(theirs ?? base),
	};
}
