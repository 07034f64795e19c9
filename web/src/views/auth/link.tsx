import { Page } from "../../ui/page.tsx";

export default function Link() {
	return <Page title="Link">{null}</Page>;
}
