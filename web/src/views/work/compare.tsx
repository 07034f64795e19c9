import { useQueryClient } from "@tanstack/preact-query";
import { useRef, useState } from "preact/hooks";
import type { Schema } from "../../api/client.ts";
import { upload } from "../../api/upload.ts";
import { percent } from "../../lib/format.ts";
import { type Problem, problemOf } from "../../lib/problem.ts";
import { zone as mine, side } from "../../lib/session.ts";
import { queryOf } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Progress } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { ComboField, PickField } from "../../ui/fields.tsx";
import { FileField } from "../../ui/file.tsx";
import { SelectField, TextField } from "../../ui/form.tsx";
import { Notice } from "../../ui/notice.tsx";
import { toast } from "../../ui/toast.tsx";
import { headOfFile } from "./head.ts";
import { Understood } from "./understood.tsx";

const t = text.work.reconciliation;

/** What is said of a list, by the names of the API. */
export type Said = {
	name: string;
	side: string;
	advertiser_id: string;
	affiliate_id: string;
	offer_id: string;
	tz: string;
	from: string;
	to: string;
	date_order: string;
	decimal: string;
	currency: string;
	status_words: string;
};

/** How a list is understood. */
export type Trial = Schema["ListTrial"];

type CompareProps = { zone: string; name: string; onClose: () => void; onMade: (id: string) => void };

type Step = { trial: Trial; head: string[] };

/** Asks for a list, shows how it is understood, and compares it. */
export function Compare({ zone, name, onClose, onMade }: CompareProps) {
	const queries = useQueryClient();
	const [file, setFile] = useState<File>();
	const [said, setSaid] = useState<Said>({ ...nothing, name, tz: zone || mine.value });
	const [columns, setColumns] = useState<Record<string, string>>({});
	const [step, setStep] = useState<Step>();
	const [busy, setBusy] = useState<"look" | "run">();
	const [sent, setSent] = useState(0);
	const [problem, setProblem] = useState<Problem>();
	const stop = useRef<AbortController>(undefined);
	const say = (change: Partial<Said>) => setSaid({ ...said, ...change });
	const send = async <T,>(what: "look" | "run"): Promise<T | undefined> => {
		if (!file) return undefined;
		const asked = { ...said, columns: columnsOf(columns), dry_run: what === "look" ? "true" : "" };
		stop.current = new AbortController();
		setBusy(what);
		setSent(0);
		setProblem(undefined);
		try {
			const path = `/api/v1/reconciliations${queryOf(asked)}`;
			return await upload<T>({ path, file, type: "text/csv", onSent: setSent, signal: stop.current.signal });
		} catch (thrown) {
			if (!(thrown instanceof DOMException)) setProblem(problemOf(thrown));
			return undefined;
		} finally {
			setBusy(undefined);
		}
	};
	const look = async () => {
		const trial = await send<Trial>("look");
		if (trial && file)
			setStep({ trial, head: await headOfFile(file, trial.list.encoding, trial.list.separator) });
	};
	const run = async () => {
		const made = await send<Schema["Reconciliation"]>("run");
		if (!made) return;
		void queries.invalidateQueries({ queryKey: ["reconciliations"] });
		toast(t.done);
		onMade(made.id);
	};
	const close = () => {
		stop.current?.abort();
		onClose();
	};
	return (
		<Dialog
			wide
			title={step ? t.checkTitle : t.fileTitle}
			onClose={close}
			onSubmit={() => void (step ? run() : look())}
			footer={
				<>
					{step && (
						<Button onClick={() => setStep(undefined)} disabled={busy !== undefined}>
							{t.back}
						</Button>
					)}
					{step && (
						<Button onClick={() => void look()} busy={busy === "look"} disabled={busy !== undefined}>
							{t.again}
						</Button>
					)}
					<Button
						primary
						type="submit"
						busy={busy === (step ? "run" : "look")}
						disabled={!file || busy !== undefined || Boolean(step?.trial.unsure)}
					>
						{step ? t.run : t.look}
					</Button>
				</>
			}
		>
			{problem && (
				<Notice tone="bad" live>
					{problem.told(names)}
				</Notice>
			)}
			{busy && (
				<div class="stack tight" role="status">
					<span class="small mute">
						{sent < 1 ? t.sending(percent(sent, 0)) : busy === "run" ? t.running : t.looking}
					</span>
					<Progress done={Math.round(sent * 100)} of={100} label={t.sending(percent(sent, 0))} />
				</div>
			)}
			{step ? (
				<Understood
					{...step}
					said={said}
					say={say}
					columns={columns}
					onColumns={setColumns}
					problem={problem}
				/>
			) : (
				<About file={file} onFile={setFile} said={said} say={say} problem={problem} />
			)}
		</Dialog>
	);
}

const nothing: Said = {
	name: "",
	side: "",
	advertiser_id: "",
	affiliate_id: "",
	offer_id: "",
	tz: "",
	from: "",
	to: "",
	date_order: "",
	decimal: "",
	currency: "",
	status_words: "",
};

// What the fields are called here.
const names: Record<string, string> = {
	...t.fields,
	name: t.name,
	side: t.side,
	tz: t.zone,
	from: t.from,
	to: t.to,
	offer_id: t.offer,
	date_order: t.dateOrder,
	decimal: t.decimal,
	currency: t.currency,
	status_words: t.words,
	columns: t.columnsTitle,
};

const columnsOf = (chosen: Record<string, string>): string =>
	Object.entries(chosen)
		.filter(([, number]) => number !== "")
		.map(([field, number]) => `${field}:#${number}`)
		.join(",");

type AboutProps = {
	file: File | undefined;
	onFile: (file: File) => void;
	said: Said;
	say: (change: Partial<Said>) => void;
	problem: Problem | undefined;
};

// About is the list, and what it does not say of itself.
function About({ file, onFile, said, say, problem }: AboutProps) {
	const network = side.value === "network";
	return (
		<>
			<FileField label={t.file} hint={t.fileHint} file={file} onFile={onFile} />
			<div class="grid-2">
				<TextField
					label={t.name}
					hint={t.nameHint}
					value={said.name}
					onValue={(name) => say({ name })}
					maxLength={200}
					error={problem?.at("name")}
				/>
				<ComboField
					label={t.zone}
					hint={t.zoneHint}
					value={said.tz}
					onValue={(tz) => say({ tz })}
					options={Intl.supportedValuesOf("timeZone").map((z) => ({
						value: z,
						label: z.replaceAll("_", " "),
					}))}
					error={problem?.at("tz")}
					free
				/>
				{network && (
					<SelectField
						label={t.side}
						value={said.side}
						onValue={(v) => say({ side: v, advertiser_id: "", affiliate_id: "" })}
						choices={[
							{ value: "", label: t.sideAuto },
							{ value: "advertiser", label: t.sideAdvertiser },
							{ value: "affiliate", label: t.sideAffiliate },
						]}
						error={problem?.at("side")}
					/>
				)}
				{network && said.side === "advertiser" && (
					<PickField
						kind="advertiser"
						label={text.pick.advertiser}
						value={said.advertiser_id}
						onValue={(advertiser_id) => say({ advertiser_id })}
						error={problem?.at("advertiser_id")}
					/>
				)}
				{network && said.side === "affiliate" && (
					<PickField
						kind="affiliate"
						label={text.pick.affiliate}
						value={said.affiliate_id}
						onValue={(affiliate_id) => say({ affiliate_id })}
						error={problem?.at("affiliate_id")}
					/>
				)}
				<PickField
					kind="offer"
					label={`${t.offer} (${text.common.optional})`}
					value={said.offer_id}
					onValue={(offer_id) => say({ offer_id })}
					error={problem?.at("offer_id")}
				/>
				<TextField
					type="date"
					label={`${t.from} (${text.common.optional})`}
					hint={t.periodHint}
					value={said.from}
					onValue={(from) => say({ from })}
					error={problem?.at("from")}
				/>
				<TextField
					type="date"
					label={`${t.to} (${text.common.optional})`}
					value={said.to}
					onValue={(to) => say({ to })}
					error={problem?.at("to")}
				/>
			</div>
		</>
	);
}
