import type { Tagged } from "../../../api/record.ts";
import { side } from "../../../lib/session.ts";
import { text } from "../../../text/en.ts";
import { EditForm } from "../../../ui/edit.tsx";
import { ChecksField, RadioField, SpanField, WordsField } from "../../../ui/fields.tsx";
import { CheckField, SelectField } from "../../../ui/form.tsx";
import { Card } from "../../../ui/page.tsx";
import type { Offer } from "../types.ts";
import { useOfferEdit } from "./use.ts";
import { offerWords } from "./words.ts";

const t = text.setup.attribution;

// In the order in which they are trusted, which is the order in which they are tried.
const identifiers = [
	"transaction_id",
	"device_id",
	"customer_id",
	"email",
	"username",
	"coupon",
	"affiliate_id",
	"ip_user_agent",
] as const;
const channels = ["postback", "api", "import", "pixel", "sdk"] as const;

/** How it is told who is credited with a conversion, for how long, and by which ways conversions come. */
export function OfferAttribution({ record }: { record: Tagged<Offer> }) {
	const edit = useOfferEdit(record);
	const { draft: o, set } = edit;
	const customers = (o.attribution ?? []).some((a) => ["customer_id", "email", "username"].includes(a));
	return (
		<Card class="narrow">
			<EditForm
				edit={edit}
				label={t.title}
				names={text.setup.fieldNames}
				words={offerWords(o.currency)}
				locked={side.value !== "network"}
			>
				<div class="rules">
					<section>
						<h2>{t.who}</h2>
						<ChecksField
							label={t.by}
							name="attribution"
							hint={t.byHint}
							value={o.attribution ?? []}
							onValue={(attribution) => set({ attribution })}
							choices={identifiers.map((value) => ({ value, ...t.identifiers[value] }))}
						/>
						<RadioField
							label={t.touch}
							name="touch"
							value={o.touch ?? "last"}
							onValue={(touch) => set({ touch: touch as Offer["touch"] })}
							choices={[
								{ value: "last", ...t.touches.last },
								{ value: "first", ...t.touches.first },
							]}
						/>
					</section>
					<section>
						<h2>{t.windows}</h2>
						<SpanField
							label={t.click}
							name="click_window"
							hint={t.clickHint}
							value={o.click_window}
							onValue={(click_window) => set({ click_window })}
							placeholder="30"
						/>
						<SpanField
							label={t.view}
							name="view_window"
							hint={t.viewHint}
							value={o.view_window}
							onValue={(view_window) => set({ view_window })}
							unit="h"
							placeholder={t.off}
						/>
						{o.view_window && !/^0/.test(o.view_window) && (
							<CheckField
								label={t.payViews}
								hint={t.payViewsHint}
								value={o.view_through_payable ?? true}
								onValue={(view_through_payable) => set({ view_through_payable })}
							/>
						)}
						{customers && (
							<SpanField
								label={t.customer}
								name="customer_window"
								hint={t.customerHint}
								value={o.customer_window}
								onValue={(customer_window) => set({ customer_window })}
								placeholder={t.asClick}
							/>
						)}
						{o.attribution?.includes("ip_user_agent") && (
							<SpanField
								label={t.ip}
								name="ip_window"
								hint={t.ipHint}
								value={o.ip_window}
								onValue={(ip_window) => set({ ip_window })}
								unit="h"
								placeholder="1"
							/>
						)}
						<SpanField
							label={t.soonest}
							name="min_conversion_time"
							hint={t.soonestHint}
							value={o.min_conversion_time}
							onValue={(min_conversion_time) => set({ min_conversion_time })}
							unit="s"
							placeholder={t.off}
						/>
					</section>
					<section>
						<h2>{t.ways}</h2>
						<ChecksField
							label={t.channels}
							name="channels"
							hint={t.channelsHint}
							value={o.channels ?? []}
							onValue={(list) => set({ channels: list })}
							choices={channels.map((value) => ({ value, ...t.channelNames[value] }))}
						/>
						{(o.channels?.includes("pixel") || o.channels?.includes("sdk")) && (
							<>
								<SelectField
									label={t.clientSide}
									name="client_side_status"
									hint={t.clientSideHint}
									value={o.client_side_status ?? ""}
									onValue={(s) =>
										set({ client_side_status: (s || undefined) as Offer["client_side_status"] })
									}
									choices={[{ value: "", label: t.clientSideOpen }, ...statuses()]}
								/>
								<WordsField
									label={t.domains}
									name="allowed_domains"
									hint={t.domainsHint}
									free
									placeholder="*.example.com"
									value={o.allowed_domains ?? []}
									onValue={(allowed_domains) => set({ allowed_domains })}
								/>
							</>
						)}
					</section>
					<section>
						<h2>{t.becomes}</h2>
						<SelectField
							label={t.status}
							name="default_status"
							hint={t.statusHint}
							value={o.default_status ?? "approved"}
							onValue={(s) => set({ default_status: s as Offer["default_status"] })}
							choices={statuses()}
						/>
						<RadioField
							label={t.lost}
							name="credit_without_click"
							hint={t.lostHint}
							value={o.credit_without_click ?? "pending"}
							onValue={(v) => set({ credit_without_click: v as Offer["credit_without_click"] })}
							choices={(["pending", "accept", "reject"] as const).map((value) => ({
								value,
								...t.losts[value],
							}))}
						/>
					</section>
				</div>
			</EditForm>
		</Card>
	);
}

const statuses = () =>
	(["approved", "pending", "hold"] as const).map((value) => ({ value, label: text.status[value] }));
