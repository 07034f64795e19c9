// What an advertiser calls statuses, and how its system is answered.
import { Plus, Trash2 } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import { same } from "../../lib/patch.ts";
import { may } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Button } from "../../ui/button.tsx";
import { EditForm } from "../../ui/edit.tsx";
import { RadioField } from "../../ui/fields.tsx";
import { SelectField, TextField } from "../../ui/form.tsx";
import { Card } from "../../ui/page.tsx";
import type { PartProps } from "./advertiser.tsx";

const t = text.setup.words;
const statuses = ["approved", "pending", "rejected", "hold"] as const;

const mapOf = (rows: [string, string][]) => Object.fromEntries(rows.filter(([word]) => word.trim() !== ""));

/** The words of an advertiser for statuses, and whether rejections are told by HTTP. */
export function StatusWords({ edit }: PartProps) {
	const { draft: a, set } = edit;
	// A row may be without a word while it is written, which a map cannot hold.
	// A row may be without a word while it is written, which a map cannot hold.
	const [list, setList] = useState<[string, string][]>([]);
	const put = (next: [string, string][]) => {
		setList(next);
		set({ status_words: mapOf(next) });
	};
	useEffect(() => {
		if (!same(mapOf(list), a.status_words)) setList(Object.entries(a.status_words ?? {}));
	}, [a.status_words]);
	return (
		<Card class="narrow">
			<EditForm edit={edit} label={t.title} names={text.setup.fieldNames}>
				<div class="rules">
					<section>
						<h2>{t.title}</h2>
						<p class="mute">{t.lead}</p>
						<ul class="map-rows">
							{list.map(([word, means], i) => (
								<li key={i}>
									<TextField
										label={t.word(i + 1)}
										hideLabel
										name={`status_words.${word}`}
										placeholder={t.example}
										value={word}
										onValue={(v) => put(list.map((row, k) => (k === i ? [v, row[1]] : row)))}
									/>
									<SelectField
										label={t.means(i + 1)}
										hideLabel
										value={means}
										onValue={(v) => put(list.map((row, k) => (k === i ? [row[0], v] : row)))}
										choices={statuses.map((value) => ({ value, label: text.status[value] }))}
									/>
									{may("write") && (
										<Button
											quiet
											icon
											aria-label={t.remove(word || String(i + 1))}
											onClick={() => put(list.filter((_, k) => k !== i))}
										>
											<Trash2 aria-hidden />
										</Button>
									)}
								</li>
							))}
						</ul>
						{may("write") && (
							<div>
								<Button onClick={() => put([...list, ["", "approved"]])}>
									<Plus aria-hidden />
									{t.add}
								</Button>
							</div>
						)}
					</section>
					<section>
						<h2>{t.answers}</h2>
						<RadioField
							label={t.answers}
							hideLabel
							name="strict"
							value={String(a.strict ?? true)}
							onValue={(v) => set({ strict: v === "true" })}
							choices={[
								{ value: "true", ...t.strict },
								{ value: "false", ...t.lenient },
							]}
						/>
					</section>
				</div>
			</EditForm>
		</Card>
	);
}
