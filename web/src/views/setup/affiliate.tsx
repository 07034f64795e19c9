import { Page } from "../../ui/page.tsx";

export default function Affiliate() {
	return <Page title="Affiliate">{null}</Page>;
}
