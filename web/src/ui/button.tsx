import { LoaderCircle } from "lucide-preact";
import type { ButtonHTMLAttributes, ComponentChildren } from "preact";
import { Link } from "wouter-preact";

type Look = {
	primary?: boolean;
	danger?: boolean;
	quiet?: boolean;
	small?: boolean;
	icon?: boolean;
	wide?: boolean;
};

const classes = (l: Look, more = "") =>
	[
		"btn",
		l.primary && "primary",
		l.danger && "danger",
		l.quiet && "quiet",
		l.small && "small",
		l.icon && "icon",
		l.wide && "wide",
		more,
	]
		.filter(Boolean)
		.join(" ");

type ButtonProps = Look & { busy?: boolean; children?: ComponentChildren } & Omit<
		ButtonHTMLAttributes<HTMLButtonElement>,
		"icon"
	>;

/** A button. While busy it cannot be pressed again. */
export function Button({ primary, danger, quiet, small, icon, wide, busy, children, ...rest }: ButtonProps) {
	return (
		<button
			type="button"
			{...rest}
			class={classes({ primary, danger, quiet, small, icon, wide }, rest.class as string)}
			disabled={rest.disabled || busy}
			aria-busy={busy || undefined}
		>
			{busy && <LoaderCircle class="spin" aria-hidden />}
			{busy && icon ? null : children}
		</button>
	);
}

type GoProps = Look & { to: string; children?: ComponentChildren; label?: string; replace?: boolean };

/** A link to a page of the console that looks like a button. */
export function Go({ to, children, label, replace, ...look }: GoProps) {
	return (
		<Link href={to} replace={replace} class={classes(look)} aria-label={label}>
			{children}
		</Link>
	);
}
