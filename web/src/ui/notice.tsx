import { CircleAlert, CircleCheck, Info, RotateCw, SearchX, ShieldX, TriangleAlert } from "lucide-preact";
import type { ComponentChildren, ComponentType } from "preact";
import { type Problem, placeName } from "../lib/problem.ts";
import { text } from "../text/en.ts";
import { Button } from "./button.tsx";
import { said } from "./said.tsx";

type Tone = "info" | "good" | "warn" | "bad";
const icons = { info: Info, good: CircleCheck, warn: TriangleAlert, bad: CircleAlert };

/** Something to know, in the midst of a page. */
export function Notice({
	tone = "info",
	live,
	children,
}: {
	tone?: Tone;
	live?: boolean;
	children: ComponentChildren;
}) {
	const Icon = icons[tone];
	return (
		<div class={`notice ${tone}`} role={live ? "alert" : undefined}>
			<Icon aria-hidden />
			<div class="grow">{said(children)}</div>
		</div>
	);
}

type EmptyProps = {
	icon?: ComponentType;
	title: string;
	children?: ComponentChildren;
	action?: ComponentChildren;
};

/** What stands where nothing is: why, and what to do about it. */
export function Empty({ icon: Icon = SearchX, title, children, action }: EmptyProps) {
	return (
		<div class="empty">
			<Icon aria-hidden />
			<h2>{said(title)}</h2>
			{children && <p>{said(children)}</p>}
			{action}
		</div>
	);
}

/** What stands where something could not be read, and a way to try again. */
export function Failed({ problem, again }: { problem: Problem; again?: () => void }) {
	const title =
		problem.status === 403
			? text.problem.forbidden
			: problem.status === 404
				? text.problem.missing
				: text.problem.failed;
	const icon = problem.status === 403 ? ShieldX : problem.status === 404 ? SearchX : CircleAlert;
	return (
		<Empty
			icon={icon}
			title={title}
			action={
				again &&
				problem.status !== 403 &&
				problem.status !== 404 && (
					<Button onClick={again}>
						<RotateCw aria-hidden />
						{text.common.again}
					</Button>
				)
			}
		>
			{said(problem.message)}
			{problem.places
				.map((p) => `${placeName(p.location)}: ${p.message}`)
				.filter((told) => told !== problem.message)
				.map((told) => (
					<span key={told} class="small break">
						{" "}
						{said(told)}
					</span>
				))}
			{problem.request && problem.status >= 500 && (
				<span class="small"> {text.problem.request(problem.request)}</span>
			)}
		</Empty>
	);
}

/** Grey bars where text will stand, as many as are likely. */
export function Skeleton({ lines = 3, height }: { lines?: number; height?: string }) {
	return (
		<div class="stack tight" aria-busy="true" aria-label={text.common.loading} role="status">
			{Array.from({ length: lines }, (_, i) => (
				<span
					key={i}
					class="skeleton"
					style={{ width: height ? "100%" : `${92 - ((i * 17) % 40)}%`, height }}
				/>
			))}
		</div>
	);
}

type ReadingLike<T> = {
	data: T | undefined;
	problem: Problem | undefined;
	loading: boolean;
	again: () => void;
};

/** Shows what was read, or that it is on its way, or why it is not there. */
export function Read<T>({
	of,
	children,
	wait,
}: {
	of: ReadingLike<T>;
	children: (data: T) => ComponentChildren;
	wait?: ComponentChildren;
}) {
	if (of.data !== undefined) return <>{children(of.data)}</>;
	if (of.problem) return <Failed problem={of.problem} again={of.again} />;
	return <>{wait ?? <Skeleton lines={4} />}</>;
}
