/**
 * Has what is asked for one at a time in one moment be asked for together, so many
 * at most. Each gets the answer that it was asked for in.
 */
export function together<K, A>(most: number, ask: (keys: K[]) => Promise<A>): (key: K) => Promise<A> {
	type Batch = { keys: Set<K>; answer: Promise<A> };
	let open: Batch | undefined;
	const begin = (): Batch => {
		const batch: Batch = {
			keys: new Set(),
			answer: new Promise((done) => setTimeout(done)).then(() => {
				if (open === batch) open = undefined;
				return ask([...batch.keys]);
			}),
		};
		return batch;
	};
	return (key) => {
		if (!open || open.keys.size === most) open = begin();
		open.keys.add(key);
		return open.answer;
	};
}
