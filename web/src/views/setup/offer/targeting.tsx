import { useState } from "preact/hooks";
import type { Tagged } from "../../../api/record.ts";
import { text } from "../../../text/en.ts";
import { EditForm } from "../../../ui/edit.tsx";
import { ChecksField, CountriesField, RadioField, TimeField, WordsField } from "../../../ui/fields.tsx";
import { CheckField } from "../../../ui/form.tsx";
import { Card } from "../../../ui/page.tsx";
import type { Offer } from "../types.ts";
import { useOfferEdit } from "./use.ts";
import { offerWords } from "./words.ts";

const t = text.setup.targeting;
const devices = ["desktop", "mobile", "tablet", "tv", "console", "other"] as const;
const systems = ["Android", "iOS", "Windows", "macOS", "Linux", "ChromeOS"];
const browsers = ["Chrome", "Safari", "Firefox", "Edge", "Samsung Internet", "Opera"];
const options = (words: string[]) => words.map((w) => ({ value: w, label: w }));

/** Which visitors an offer takes, and when. */
export function OfferTargeting({ record }: { record: Tagged<Offer> }) {
	const edit = useOfferEdit(record);
	const { draft: o, set } = edit;
	const g = o.targeting ?? {};
	const put = (change: Partial<NonNullable<Offer["targeting"]>>) => set({ targeting: { ...g, ...change } });
	const [mode, setMode] = useState(
		g.countries?.length ? "only" : g.except_countries?.length ? "except" : "all",
	);
	const choose = (next: string) => {
		setMode(next);
		const chosen = g.countries?.length ? g.countries : g.except_countries;
		put({
			countries: next === "only" ? chosen : undefined,
			except_countries: next === "except" ? chosen : undefined,
		});
	};
	return (
		<Card class="narrow">
			<EditForm edit={edit} label={t.title} names={text.setup.fieldNames} words={offerWords(o.currency)}>
				<p class="mute">{t.lead}</p>
				<div class="rules">
					<section>
						<h2>{t.countries}</h2>
						<RadioField
							label={t.countries}
							hideLabel
							value={mode}
							onValue={choose}
							choices={[
								{ value: "all", label: t.allCountries },
								{ value: "only", label: t.onlyCountries, hint: t.onlyHint },
								{ value: "except", label: t.exceptCountries, hint: t.exceptHint },
							]}
						/>
						{mode === "only" && (
							<CountriesField
								label={t.onlyCountries}
								name="targeting.countries"
								value={g.countries ?? []}
								onValue={(countries) => put({ countries })}
							/>
						)}
						{mode === "except" && (
							<CountriesField
								label={t.exceptCountries}
								name="targeting.except_countries"
								value={g.except_countries ?? []}
								onValue={(except_countries) => put({ except_countries })}
							/>
						)}
					</section>
					<section>
						<h2>{t.machines}</h2>
						<ChecksField
							label={t.devices}
							name="targeting.devices"
							hint={t.devicesHint}
							value={g.devices ?? []}
							onValue={(list) => put({ devices: list })}
							choices={devices.map((value) => ({ value, label: t.deviceNames[value] }))}
						/>
						<WordsField
							label={t.os}
							name="targeting.os"
							hint={t.osHint}
							free
							spaced
							value={g.os ?? []}
							onValue={(os) => put({ os })}
							options={options(systems)}
						/>
						<WordsField
							label={t.browsers}
							name="targeting.browsers"
							hint={t.browsersHint}
							free
							spaced
							value={g.browsers ?? []}
							onValue={(list) => put({ browsers: list })}
							options={options(browsers)}
						/>
						<CheckField
							label={t.bots}
							hint={t.botsHint}
							value={g.block_bots ?? false}
							onValue={(on) => put({ block_bots: on || undefined })}
						/>
					</section>
					<section>
						<h2>{t.schedule}</h2>
						<div class="grid-2">
							<TimeField
								label={t.starts}
								name="starts_at"
								value={o.starts_at}
								onValue={(starts_at) => set({ starts_at })}
							/>
							<TimeField
								label={t.ends}
								name="ends_at"
								value={o.ends_at}
								onValue={(ends_at) => set({ ends_at })}
							/>
						</div>
						<p class="mute small">{t.scheduleHint}</p>
					</section>
				</div>
			</EditForm>
		</Card>
	);
}
