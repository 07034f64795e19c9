import { Page } from "../../ui/page.tsx";

export default function Affiliates() {
	return <Page title="Affiliates">{null}</Page>;
}
