import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { Brand } from "../../shell/shell.tsx";

/** The frame of what is shown to those who are not signed in. */
export function Gate({
	title,
	lead,
	children,
}: {
	title: string;
	lead?: ComponentChildren;
	children: ComponentChildren;
}) {
	useEffect(() => {
		document.title = `${title} · Waybill`;
	}, [title]);
	return (
		<main class="gate">
			<div class="box">
				<Brand />
				<section class="card">
					<div class="body stack">
						<div>
							<h1>{title}</h1>
							{lead && <p class="mute">{lead}</p>}
						</div>
						{children}
					</div>
				</section>
			</div>
		</main>
	);
}
