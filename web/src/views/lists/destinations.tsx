import { Page } from "../../ui/page.tsx";

export default function Destinations() {
	return <Page title="Destinations">{null}</Page>;
}
