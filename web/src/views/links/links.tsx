import { Page } from "../../ui/page.tsx";

export default function Links() {
	return <Page title="Links">{null}</Page>;
}
