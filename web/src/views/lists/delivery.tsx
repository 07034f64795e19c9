import { Page } from "../../ui/page.tsx";

export default function Delivery() {
	return <Page title="Delivery">{null}</Page>;
}
