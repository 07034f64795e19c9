import { ArrowDown, ArrowUp, GripVertical, X } from "lucide-preact";
import { useRef, useState } from "preact/hooks";
import { text } from "../../text/en.ts";
import { Button } from "../../ui/button.tsx";
import { type Word, word } from "./words.ts";

const t = text.reports;

type ChooseProps = {
	label: string;
	words: Word[];
	chosen: string[];
	onChosen: (names: string[]) => void;
	/** At most so many; `full` says so. */
	most: number;
	full: string;
	/** Whether none may be chosen. */
	none?: boolean;
};

/** Chooses some of many words and puts them in order. */
export function Choose({ label, words, chosen, onChosen, most, full, none }: ChooseProps) {
	const [typed, setTyped] = useState("");
	const found = words.filter((w) => fits(w, typed));
	const groups = [...new Set(found.map((w) => w.group))];
	const toggle = (name: string) => {
		if (!chosen.includes(name)) onChosen([...chosen, name]);
		else if (none || chosen.length > 1) onChosen(chosen.filter((n) => n !== name));
	};
	return (
		<div class="choose" role="group" aria-label={label}>
			<input
				class="input"
				role="searchbox"
				data-first
				aria-label={t.find}
				placeholder={t.find}
				value={typed}
				onInput={(e) => setTyped(e.currentTarget.value)}
				onKeyDown={(e) => {
					// Enter takes the one that is found.
					if (e.key !== "Enter") return;
					e.preventDefault();
					if (typed && found[0]) toggle(found[0].name);
				}}
			/>
			<div class="choose-lists">
				{!typed && chosen.length > 0 && (
					<Order title={t.chosen} names={chosen} onNames={onChosen} none={none} />
				)}
				{chosen.length >= most && <p class="small mute pad">{full}</p>}
				{groups.map((g) => (
					<fieldset key={g}>
						<legend>{g}</legend>
						{found
							.filter((w) => w.group === g)
							.map((w) => (
								<label key={w.name} class="check" title={w.hint}>
									<input
										type="checkbox"
										checked={chosen.includes(w.name)}
										disabled={chosen.includes(w.name) ? !none && chosen.length === 1 : chosen.length >= most}
										onChange={() => toggle(w.name)}
									/>
									<span>{w.label}</span>
								</label>
							))}
					</fieldset>
				))}
				{found.length === 0 && <p class="small mute pad">{t.nothingFits}</p>}
			</div>
		</div>
	);
}

/** Whether a word is what somebody looks for. */
export const fits = (w: Word, typed: string): boolean =>
	`${w.label} ${w.name} ${w.hint ?? ""}`.toLowerCase().includes(typed.trim().toLowerCase());

type OrderProps = { title: string; names: string[]; onNames: (names: string[]) => void; none?: boolean };

// Order is what is chosen, to be moved by dragging or by buttons.
function Order({ title, names, onNames, none }: OrderProps) {
	const drag = useDrag(names, onNames);
	const move = (i: number, by: number) => {
		const next = [...names];
		next.splice(i + by, 0, ...next.splice(i, 1));
		onNames(next);
	};
	return (
		<fieldset>
			<legend>{title}</legend>
			<ol>
				{names.map((name, i) => (
					<li key={name} {...drag(i)}>
						<GripVertical aria-hidden />
						<span class="grow">{word(name).label}</span>
						<Button
							quiet
							small
							icon
							aria-label={t.moveUp(word(name).label)}
							disabled={i === 0}
							onClick={() => move(i, -1)}
						>
							<ArrowUp aria-hidden />
						</Button>
						<Button
							quiet
							small
							icon
							aria-label={t.moveDown(word(name).label)}
							disabled={i === names.length - 1}
							onClick={() => move(i, 1)}
						>
							<ArrowDown aria-hidden />
						</Button>
						<Button
							quiet
							small
							icon
							aria-label={t.removeFrom(word(name).label)}
							disabled={!none && names.length === 1}
							onClick={() => onNames(names.filter((n) => n !== name))}
						>
							<X aria-hidden />
						</Button>
					</li>
				))}
			</ol>
		</fieldset>
	);
}

/** What makes things in a row movable by the mouse. */
export function useDrag(names: string[], onNames: (names: string[]) => void) {
	const from = useRef(-1);
	const [over, setOver] = useState(-1);
	return (i: number) => ({
		draggable: true,
		class: over === i ? "over" : undefined,
		onDragStart: (e: DragEvent) => {
			from.current = i;
			e.dataTransfer?.setData("text/plain", names[i] ?? "");
		},
		onDragOver: (e: DragEvent) => {
			if (from.current < 0) return;
			e.preventDefault();
			setOver(i);
		},
		onDragEnd: () => {
			from.current = -1;
			setOver(-1);
		},
		onDrop: (e: DragEvent) => {
			e.preventDefault();
			const next = [...names];
			next.splice(i, 0, ...next.splice(from.current, 1));
			if (from.current >= 0) onNames(next);
			from.current = -1;
			setOver(-1);
		},
	});
}
