/** One bar: what it stands for, how long it is from 0 to 1, and what is said of it. */
export type Bar = { label: string; share: number; told: string };

/** Bars beside each other. The same numbers stand in a table below. */
export function Bars({ caption, bars }: { caption: string; bars: Bar[] }) {
	const most = Math.max(...bars.map((b) => b.share), 1e-9);
	return (
		<div class="bars" role="img" aria-label={caption} tabIndex={0}>
			{bars.map((b) => (
				<div key={b.label} title={b.told} class="bar">
					<span class="bar-room">
						<i style={{ height: `${(b.share / most) * 100}%` }} />
					</span>
					<span class="small mute">{b.label}</span>
				</div>
			))}
		</div>
	);
}
