// Heights of the rows of a long list, of which only those in sight are in the page.

/** Heights knows how high the rows are that were in the page, and takes the others for the usual. */
export class Heights {
	private known: (number | undefined)[] = [];
	private sums: number[] = [0];
	private count = 0;

	constructor(private usual: number) {}

	/** Sets how many rows there are. What is known of those that stay is kept. */
	resize(count: number): void {
		if (count === this.count) return;
		this.count = count;
		this.known.length = Math.min(this.known.length, count);
		this.sums.length = Math.min(this.sums.length, count + 1);
	}

	/** Forgets all heights, since the rows are laid out anew. */
	forget(): void {
		this.known = [];
		this.sums = [0];
	}

	/** Takes what was measured, from a row on. Says whether anything is other than it was. */
	measured(from: number, heights: number[]): boolean {
		let first = -1;
		// What is known first tells what the others are likely to be.
		if (this.known.length === 0 && heights.length > 0) {
			const likely = [...heights].sort((a, b) => a - b)[heights.length >> 1] as number;
			if (likely !== this.usual) {
				this.usual = likely;
				first = 0;
			}
		}
		for (const [i, h] of heights.entries()) {
			const at = from + i;
			if (at >= this.count) break;
			if (Math.abs((this.known[at] ?? this.usual) - h) > 0.5 && (first < 0 || at < first)) first = at;
			this.known[at] = h;
		}
		if (first < 0) return false;
		this.sums.length = Math.min(this.sums.length, first + 1);
		return true;
	}

	/** How high the first rows are together. */
	before(row: number): number {
		const to = Math.min(row, this.count);
		for (let i = this.sums.length; i <= to; i++) {
			this.sums[i] = (this.sums[i - 1] as number) + (this.known[i - 1] ?? this.usual);
		}
		return this.sums[to] as number;
	}

	/** The row that stands so far down. */
	at(y: number): number {
		let low = 0;
		let high = this.count;
		this.before(high);
		while (low < high) {
			const middle = (low + high + 1) >> 1;
			if ((this.sums[middle] as number) <= y) low = middle;
			else high = middle - 1;
		}
		return Math.min(low, Math.max(0, this.count - 1));
	}
}
