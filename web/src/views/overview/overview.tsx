import { Page } from "../../ui/page.tsx";

export default function Overview() {
	return <Page title="Overview">{null}</Page>;
}
