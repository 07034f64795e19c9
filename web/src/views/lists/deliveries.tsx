import { Page } from "../../ui/page.tsx";

export default function Deliveries() {
	return <Page title="Deliveries">{null}</Page>;
}
