import { useMemo } from "preact/hooks";
import qrcode from "qrcode-generator";

/** The modules of a code as one path, a unit each, with four units of quiet around. */
export function qrPath(of: string): { path: string; size: number } {
	const qr = qrcode(0, "M");
	qr.addData(of, "Byte");
	qr.make();
	const n = qr.getModuleCount();
	let path = "";
	for (let y = 0; y < n; y++)
		for (let x = 0; x < n; x++) if (qr.isDark(y, x)) path += `M${x + 4} ${y + 4}h1v1h-1z`;
	return { path, size: n + 8 };
}

/** A QR code (ISO/IEC 18004), dark on light in both themes, or it could not be read. */
export function Qr({ of, label, width = 200 }: { of: string; label: string; width?: number }) {
	const { path, size } = useMemo(() => qrPath(of), [of]);
	return (
		<svg
			role="img"
			aria-label={label}
			viewBox={`0 0 ${size} ${size}`}
			width={width}
			height={width}
			shape-rendering="crispEdges"
		>
			<rect width={size} height={size} fill="#fff" />
			<path d={path} fill="#000" />
		</svg>
	);
}
