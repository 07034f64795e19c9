// A link as a code to print.
import { Download } from "lucide-preact";
import { useMemo } from "preact/hooks";
import { text } from "../../text/en.ts";
import { Button } from "../../ui/button.tsx";
import { Qr, qrPath } from "../../ui/qr.tsx";
import "./links.css";

const t = text.links;

function save(blob: Blob, name: string) {
	const url = URL.createObjectURL(blob);
	const a = document.createElement("a");
	a.href = url;
	a.download = name;
	a.click();
	setTimeout(() => URL.revokeObjectURL(url), 1000);
}

// A side of 1,024 pixels or more, each module a whole number of them.
function drawn({ path, size }: { path: string; size: number }): Promise<Blob | null> {
	const unit = Math.ceil(1024 / size);
	const canvas = document.createElement("canvas");
	canvas.width = canvas.height = size * unit;
	const c = canvas.getContext("2d");
	if (!c) return Promise.resolve(null);
	c.fillStyle = "#fff";
	c.fillRect(0, 0, canvas.width, canvas.height);
	c.scale(unit, unit);
	c.fillStyle = "#000";
	c.fill(new Path2D(path));
	return new Promise((done) => canvas.toBlob(done, "image/png"));
}

// A code holds 2,331 bytes at most with the correction that is used.
const mostInCode = 2331;

/** The link as a code to print, and to take along. */
export function QrCode({ of }: { of: string }) {
	const fits = new TextEncoder().encode(of).length <= mostInCode;
	const code = useMemo(() => (fits ? qrPath(of) : undefined), [of, fits]);
	if (!code) return <p class="mute">{t.qrLong}</p>;
	const svg = () =>
		save(
			new Blob(
				[
					`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${code.size} ${code.size}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${code.size}v${code.size}H0z"/><path d="${code.path}"/></svg>`,
				],
				{ type: "image/svg+xml" },
			),
			"link.svg",
		);
	const png = async () => {
		const blob = await drawn(code);
		if (blob) save(blob, "link.png");
	};
	return (
		<div class="row link-qr">
			<Qr of={of} label={t.qrLabel} width={168} />
			<div class="stack tight">
				<p class="mute">{t.qrHint}</p>
				<div class="row">
					<Button small onClick={svg}>
						<Download aria-hidden />
						SVG
					</Button>
					<Button small onClick={png}>
						<Download aria-hidden />
						PNG
					</Button>
				</div>
			</div>
		</div>
	);
}
