import { Page } from "../../ui/page.tsx";

export default function Import() {
	return <Page title="Import">{null}</Page>;
}
