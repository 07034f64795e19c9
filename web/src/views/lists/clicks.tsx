import { Page } from "../../ui/page.tsx";

export default function Clicks() {
	return <Page title="Clicks">{null}</Page>;
}
