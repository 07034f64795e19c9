import { Braces } from "lucide-preact";
import { useRef } from "preact/hooks";
import { text } from "../../text/en.ts";
import { Button } from "../../ui/button.tsx";
import { Field } from "../../ui/form.tsx";
import { Menu } from "../../ui/menu.tsx";
import { Notice } from "../../ui/notice.tsx";
import { clickMacros, handsIdOn, withParameter } from "./macros.ts";

const t = text.setup.destination;

/** Where visitors are sent, with help to fill in what is known at the click. */
export function DestinationField({ value, onValue }: { value: string; onValue: (url: string) => void }) {
	const area = useRef<HTMLTextAreaElement>(null);
	const insert = (macro: string) => {
		const at = area.current?.selectionStart ?? value.length;
		const to = area.current?.selectionEnd ?? at;
		onValue(`${value.slice(0, at)}{${macro}}${value.slice(to)}`);
		area.current?.focus();
	};
	return (
		<div class="stack tight">
			<Field label={t.label} name="destination_url" hint={t.hint}>
				{(inner) => (
					<textarea
						{...inner}
						ref={area}
						class="textarea code"
						rows={2}
						spellcheck={false}
						placeholder="https://shop.example.com/?tid={transaction_id}"
						value={value}
						onInput={(e) => onValue(e.currentTarget.value.replace(/\s+/g, ""))}
					/>
				)}
			</Field>
			{value.trim() !== "" && !handsIdOn(value) && (
				<Notice tone="warn">
					<p>{t.missing}</p>
					<Button small onClick={() => onValue(withParameter(value.trim(), "tid", "transaction_id"))}>
						{t.add}
					</Button>
				</Notice>
			)}
			<div>
				<Menu
					label={t.insert}
					class="btn small"
					items={clickMacros.map((m) => ({
						label: `{${m}}  ${t.macros[m]}`,
						onClick: () => insert(m),
					}))}
				>
					<Braces aria-hidden />
					{t.insert}
				</Menu>
			</div>
		</div>
	);
}
