import { Page } from "../../ui/page.tsx";

export default function Balances() {
	return <Page title="Balances">{null}</Page>;
}
