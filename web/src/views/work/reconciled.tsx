import { Page } from "../../ui/page.tsx";

export default function Reconciled() {
	return <Page title="Reconciled">{null}</Page>;
}
