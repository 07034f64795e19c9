import { Page } from "../../ui/page.tsx";

export default function Conversions() {
	return <Page title="Conversions">{null}</Page>;
}
