import { Page } from "../../ui/page.tsx";

export default function Reconciliation() {
	return <Page title="Reconciliation">{null}</Page>;
}
