import { useState } from "preact/hooks";
import type { Tagged } from "../../../api/record.ts";
import { may } from "../../../lib/session.ts";
import { text } from "../../../text/en.ts";
import { Button } from "../../../ui/button.tsx";
import { EditForm } from "../../../ui/edit.tsx";
import { PickField, RadioField } from "../../../ui/fields.tsx";
import { Notice } from "../../../ui/notice.tsx";
import { Card } from "../../../ui/page.tsx";
import { decide } from "../decide.ts";
import { Applications, useApplications } from "../requests.tsx";
import type { Offer } from "../types.ts";
import { useOfferEdit } from "./use.ts";
import { offerWords } from "./words.ts";

const t = text.setup.access;

/** Which affiliates may promote an offer, and who has asked to. */
export function OfferAccess({ record }: { record: Tagged<Offer> }) {
	const edit = useOfferEdit(record);
	const { draft: o, set } = edit;
	const open = (edit.kept.access ?? "open") === "open";
	return (
		<div class="stack loose">
			<div class="grid-2">
				<Card title={t.rule}>
					<EditForm edit={edit} label={t.rule} names={text.setup.fieldNames} words={offerWords(o.currency)}>
						<RadioField
							label={t.rule}
							hideLabel
							name="access"
							value={o.access ?? "open"}
							onValue={(access) => set({ access: access as Offer["access"] })}
							choices={(["open", "request", "private"] as const).map((value) => ({
								value,
								...t.rules[value],
							}))}
						/>
					</EditForm>
				</Card>
				{may("write") && <Give offerId={o.id ?? 0} />}
			</div>
			{open && <Notice>{t.openNow}</Notice>}
			<Card flush title={t.standings}>
				<Applications
					filter={{ offer_id: o.id }}
					hide="offer"
					caption={t.standings}
					emptyTitle={t.noneHere}
					emptyHint={open ? undefined : t.noneHereHint}
				/>
			</Card>
		</div>
	);
}

// Give approves an affiliate who has not asked.
function Give({ offerId }: { offerId: number }) {
	const [affiliate, setAffiliate] = useState("");
	const known = useApplications({ offer_id: offerId });
	const give = () => {
		const pair = { offer_id: offerId, affiliate_id: Number(affiliate) };
		void decide([known.data?.find((a) => a.affiliate_id === pair.affiliate_id) ?? pair], "approved");
		setAffiliate("");
	};
	return (
		<Card title={t.give}>
			<form
				class="stack"
				onSubmit={(e) => {
					e.preventDefault();
					if (affiliate) give();
				}}
			>
				<PickField
					kind="affiliate"
					label={text.pick.affiliate}
					hint={t.giveHint}
					value={affiliate}
					onValue={setAffiliate}
				/>
				<div>
					<Button type="submit" disabled={!affiliate}>
						{t.approve}
					</Button>
				</div>
			</form>
		</Card>
	);
}
