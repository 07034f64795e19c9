import { Page } from "../../ui/page.tsx";

export default function Offer() {
	return <Page title="Offer">{null}</Page>;
}
