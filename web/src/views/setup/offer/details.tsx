import type { Tagged } from "../../../api/record.ts";
import { text } from "../../../text/en.ts";
import { EditForm } from "../../../ui/edit.tsx";
import { RadioField, WordsField } from "../../../ui/fields.tsx";
import { AreaField, TextField } from "../../../ui/form.tsx";
import { Card } from "../../../ui/page.tsx";
import { DestinationField } from "../destination.tsx";
import type { Offer } from "../types.ts";
import { useOfferEdit } from "./use.ts";
import { offerWords } from "./words.ts";

const t = text.setup.details;

/** What an offer is called, what affiliates read of it, and where visitors are sent. */
export function OfferDetails({ record }: { record: Tagged<Offer> }) {
	const edit = useOfferEdit(record);
	const { draft: o, set } = edit;
	return (
		<Card class="narrow">
			<EditForm edit={edit} label={t.title} names={text.setup.fieldNames} words={offerWords(o.currency)}>
				<div class="rules">
					<section>
						<h2>{t.shown}</h2>
						<TextField
							label={t.name}
							name="name"
							value={o.name ?? ""}
							onValue={(name) => set({ name })}
							maxLength={200}
						/>
						<AreaField
							label={t.description}
							name="description"
							hint={t.descriptionHint}
							rows={6}
							value={o.description ?? ""}
							onValue={(description) => set({ description })}
						/>
						<TextField
							label={t.category}
							name="category"
							hint={t.categoryHint}
							value={o.category ?? ""}
							onValue={(category) => set({ category })}
						/>
						<TextField
							label={t.preview}
							name="preview_url"
							hint={t.previewHint}
							type="url"
							value={o.preview_url ?? ""}
							onValue={(preview_url) => set({ preview_url })}
						/>
					</section>
					<section>
						<h2>{t.visitors}</h2>
						<DestinationField
							value={o.destination_url ?? ""}
							onValue={(destination_url) => set({ destination_url })}
						/>
						<TextField
							label={t.fallback}
							name="fallback_url"
							hint={t.fallbackHint}
							code
							value={o.fallback_url ?? ""}
							onValue={(fallback_url) => set({ fallback_url })}
						/>
						<WordsField
							label={t.deepLinks}
							name="deep_link_hosts"
							hint={t.deepLinksHint}
							free
							placeholder="shop.example.com"
							value={o.deep_link_hosts ?? []}
							onValue={(deep_link_hosts) => set({ deep_link_hosts })}
						/>
					</section>
					<section>
						<h2>{t.state}</h2>
						<RadioField
							label={t.status}
							name="status"
							value={o.status ?? "active"}
							onValue={(status) => set({ status: status as Offer["status"] })}
							choices={[
								{ value: "active", label: text.status.active, hint: t.active },
								{ value: "paused", label: text.status.paused, hint: t.paused },
								{ value: "archived", label: text.status.archived, hint: t.archived },
							]}
						/>
					</section>
				</div>
			</EditForm>
		</Card>
	);
}
