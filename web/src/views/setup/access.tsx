import { Page } from "../../ui/page.tsx";

export default function Access() {
	return <Page title="Access">{null}</Page>;
}
