import { Page } from "../../ui/page.tsx";

export default function Discrepancies() {
	return <Page title="Discrepancies">{null}</Page>;
}
