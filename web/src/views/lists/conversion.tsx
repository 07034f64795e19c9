import { Page } from "../../ui/page.tsx";

export default function Conversion() {
	return <Page title="Conversion">{null}</Page>;
}
